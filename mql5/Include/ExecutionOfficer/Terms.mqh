//+------------------------------------------------------------------+
//|                                                        Terms.mqh |
//| What the link speaks of: accounts, orders, commands, settles.    |
//| Plain records. Decimals are text, digit by digit as they came.   |
//+------------------------------------------------------------------+
#define ORDER_KIND_OPEN "OPEN"
#define ORDER_KIND_CLOSE "CLOSE"
#define ORDER_SIDE_BUY "BUY"
#define ORDER_SIDE_SELL "SELL"
//+------------------------------------------------------------------+
//| Who is logged in: what the sidecar pins an officer to            |
//+------------------------------------------------------------------+
struct SAccount
  {
   bool              known;       // false before the first login
   long              login;
   string            server;
   string            margin_mode;
   string            trade_mode;
   string            currency;
  };
//+------------------------------------------------------------------+
//| Whether two accounts are the same one, or both nobody's          |
//+------------------------------------------------------------------+
bool SameAccount(const SAccount &one,const SAccount &other)
  {
   if(!one.known || !other.known)
      return(one.known==other.known);
   return(one.login==other.login && one.server==other.server && one.margin_mode==other.margin_mode
          && one.trade_mode==other.trade_mode && one.currency==other.currency);
  }
//+------------------------------------------------------------------+
//| Nobody                                                           |
//+------------------------------------------------------------------+
void NoAccount(SAccount &account)
  {
   account.known=false;
   account.login=0;
   account.server="";
   account.margin_mode="";
   account.trade_mode="";
   account.currency="";
  }
//+------------------------------------------------------------------+
//| How the terminal stands: the heartbeat's content                 |
//+------------------------------------------------------------------+
struct SStanding
  {
   SAccount          account;
   bool              connected;
   string            forbidden_by; // the missing permission and the setting to change; empty: trading is allowed
   long              server_ms;
   string            balance;
   string            equity;
   string            margin;
   long              ping_us;
  };
//+------------------------------------------------------------------+
//| Which ledger is written, and how far it has come                 |
//+------------------------------------------------------------------+
struct SLedgerIdentity
  {
   string            id;
   long              mark;
   bool              unbroken;
  };
//+------------------------------------------------------------------+
//| What a command asks of the broker                                |
//+------------------------------------------------------------------+
struct SOrder
  {
   long              token;
   string            kind;
   string            symbol;
   string            side;
   string            volume;      // lots
   long              position;    // CLOSE: the position's identifier; its ticket may have changed
   string            stop_loss;   // empty: none
   string            take_profit; // empty: none
   string            price;       // reference of the slippage guard; empty: none
   long              deviation;   // points; -1: the order names none
   string            comment;
  };
//+------------------------------------------------------------------+
//| Execute this once, not later than the deadline                   |
//+------------------------------------------------------------------+
struct SCommand
  {
   long              epoch;
   long              attempt;
   long              deadline_ms; // on the link clock
   SOrder            order;
   long              arrived_ms;  // on our monotonic clock
  };
//+------------------------------------------------------------------+
//| Say what became of this, never send it                           |
//+------------------------------------------------------------------+
struct SSettle
  {
   long              epoch;
   SOrder            order;
   long              attempt;
   long              ask;
   string            ledger;
   long              since_ms;    // server time
  };
//+------------------------------------------------------------------+
//| The session stands                                               |
//+------------------------------------------------------------------+
struct SWelcome
  {
   long              epoch;
   long              heartbeat_ms;
   long              ledger_mark;
   long              watermark_ms;
   long              overlap_ms;
   long              max_bytes;
  };
//+------------------------------------------------------------------+
//| Why a command is not sent                                        |
//+------------------------------------------------------------------+
struct SNotSent
  {
   string            reason;
   string            message;
   long              retcode;
  };
//+------------------------------------------------------------------+
//| Write a reason down; false, so that a check can return it        |
//+------------------------------------------------------------------+
bool NotSent(SNotSent &answer,const string reason,const string message,const long retcode=0)
  {
   answer.reason=reason;
   answer.message=message;
   answer.retcode=retcode;
   return(false);
  }
//+------------------------------------------------------------------+
