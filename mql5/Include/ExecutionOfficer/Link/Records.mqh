//+------------------------------------------------------------------+
//|                                                      Records.mqh |
//| Records of the link: accounts, orders, commands, status          |
//| requests. Their fields have the names of the messages' fields.   |
//| Decimals are text with their digits as they came.                |
//+------------------------------------------------------------------+
#define COMMAND_KIND_OPEN "OPEN"
#define COMMAND_KIND_CLOSE "CLOSE"
#define COMMAND_KIND_MODIFY "MODIFY"
#define COMMAND_KIND_CANCEL "CANCEL"
#define ORDER_SIDE_BUY "BUY"
#define ORDER_SIDE_SELL "SELL"
#define LINK_ORDER_MARKET "MARKET"
#define LINK_ORDER_LIMIT "LIMIT"
#define LINK_ORDER_STOP "STOP"
#define LINK_ORDER_STOP_LIMIT "STOP_LIMIT"
#define TIME_IN_FORCE_GTC "GTC"
#define TIME_IN_FORCE_DAY "DAY"
#define TIME_IN_FORCE_GTD "GTD"
#define POINTS_MAX 999999

// Values of the link, separated by commas. The first one is the default of an optional field.
#define COMMAND_KINDS "OPEN,CLOSE,MODIFY,CANCEL"
#define ORDER_SIDES "BUY,SELL"
#define LINK_ORDER_TYPES "MARKET,LIMIT,STOP,STOP_LIMIT"
#define PENDING_ORDER_TYPES "LIMIT,STOP,STOP_LIMIT"
#define TIMES_IN_FORCE "GTC,DAY,GTD"
//+------------------------------------------------------------------+
//| Account that is logged in; the sidecar pins an officer to it.    |
//+------------------------------------------------------------------+
struct SAccount
  {
   bool              known; // false before the first login
   long              login;
   string            server;
   string            margin_mode;
   string            trade_mode;
   string            currency;
  };
//+------------------------------------------------------------------+
//| Return whether two accounts are the same, or both unknown.       |
//+------------------------------------------------------------------+
bool SameAccount(const SAccount &one,const SAccount &other)
  {
   if(!one.known || !other.known)
      return(one.known==other.known);
   return(one.login==other.login && one.server==other.server && one.margin_mode==other.margin_mode
          && one.trade_mode==other.trade_mode && one.currency==other.currency);
  }
//+------------------------------------------------------------------+
//| Set an account to unknown.                                       |
//+------------------------------------------------------------------+
void ClearAccount(SAccount &account)
  {
   account.known=false;
   account.login=0;
   account.server="";
   account.margin_mode="";
   account.trade_mode="";
   account.currency="";
  }
//+------------------------------------------------------------------+
//| State of the terminal: the content of a heartbeat.               |
//+------------------------------------------------------------------+
struct STerminalState
  {
   SAccount          account;
   bool              broker_connected;
   string            trade_forbidden_by; // the missing permission and the setting to change; empty: trading is allowed
   long              server_ms;
   string            balance;
   string            equity;
   string            margin;
   long              ping_us;
  };
//+------------------------------------------------------------------+
//| Ledger that is written, and its last mark.                       |
//+------------------------------------------------------------------+
struct SLedgerIdentity
  {
   string            id;
   long              login; // account that the file was made for; 0: its first line names none
   long              mark;
   bool              unbroken;
   string            instances; // a JSON array, oldest first
  };
//+------------------------------------------------------------------+
//| Order of a command. An empty price is none: no stop loss for an  |
//| OPEN; for a MODIFY the present level stays, and 0 removes it.    |
//+------------------------------------------------------------------+
struct SOrder
  {
   long              client_order_id;
   string            kind;
   string            symbol;
   string            side;              // MODIFY, CANCEL: the target's
   string            volume;            // lots; empty: none
   string            order_type;        // MARKET, LIMIT, STOP, STOP_LIMIT
   long              position;          // CLOSE, MODIFY: the position's identifier; its ticket may have changed
   long              order;             // MODIFY, CANCEL: the pending order's ticket
   long              opener;            // client order id of the command that opened the target
   string            stop_loss;
   string            take_profit;
   string            price;             // MARKET: reference of the deviation; else the trigger price
   string            limit_price;       // STOP_LIMIT
   string            time_in_force;     // GTC, DAY, GTD
   long              expires_ms;        // UTC; 0: never
   long              deviation_points;  // points; -1: the default of the inputs
   long              max_spread_points; // points, of an OPEN; -1: no maximum
   string            comment;
   string            directive_id;      // directive that it belongs to; the ledger keeps it
  };
//+------------------------------------------------------------------+
//| Set an order to the defaults.                                    |
//+------------------------------------------------------------------+
void ClearOrder(SOrder &order)
  {
   order.client_order_id=0;
   order.kind="";
   order.symbol="";
   order.side="";
   order.volume="";
   order.order_type=LINK_ORDER_MARKET;
   order.position=0;
   order.order=0;
   order.opener=0;
   order.stop_loss="";
   order.take_profit="";
   order.price="";
   order.limit_price="";
   order.time_in_force=TIME_IN_FORCE_GTC;
   order.expires_ms=0;
   order.deviation_points=-1;
   order.max_spread_points=-1;
   order.comment="";
   order.directive_id="";
  }
//+------------------------------------------------------------------+
//| Return whether the command changes an order or position, and     |
//| makes no order of its own.                                       |
//+------------------------------------------------------------------+
bool IsChange(const SOrder &order)
  {
   return(order.kind==COMMAND_KIND_MODIFY || order.kind==COMMAND_KIND_CANCEL);
  }
//+------------------------------------------------------------------+
//| Return whether the order is a pending one.                       |
//+------------------------------------------------------------------+
bool IsPending(const SOrder &order)
  {
   return(order.order_type!=LINK_ORDER_MARKET);
  }
//+------------------------------------------------------------------+
//| Command: execute the order once, and not after the deadline.     |
//+------------------------------------------------------------------+
struct SCommand
  {
   long              epoch;
   long              attempt;
   long              deadline_ms;       // on the link clock
   SOrder            order;
   long              expires_server_ms; // the order's expiry on the broker's clock; 0: none
   long              search_from_server_ms; // start of the search in the history; 0: none there
   long              arrived_ms;        // on our monotonic clock
  };
//+------------------------------------------------------------------+
//| Status request: report the outcome of a command, never send it.  |
//+------------------------------------------------------------------+
struct SStatusRequest
  {
   long              epoch;
   SOrder            order;
   long              attempt;
   long              request_no;
   string            ledger;
   long              since_server_ms; // server time
  };
//+------------------------------------------------------------------+
//| Inquiry: report the broker's name and terms of a symbol.         |
//+------------------------------------------------------------------+
struct SInquiry
  {
   long              epoch;
   string            symbol;
   bool              exact; // only a symbol of exactly this name counts
  };
//+------------------------------------------------------------------+
//| Welcome: the session begins.                                     |
//+------------------------------------------------------------------+
struct SWelcome
  {
   long              epoch;
   long              heartbeat_ms;
   long              ledger_mark;
   long              watermark_server_ms;
   long              overlap_ms;
   long              max_message_bytes;
   long              stored_epoch; // last epoch of this instance of which the journal has reports; 0: none known
   long              stored_seq;   // highest number of them
  };
//+------------------------------------------------------------------+
//| Refusal of a command.                                            |
//+------------------------------------------------------------------+
struct SNotSent
  {
   string            reason;
   string            message;
   long              retcode;
  };
//+------------------------------------------------------------------+
//| Set the reason of a refusal. Always false, as the result of a    |
//| check.                                                           |
//+------------------------------------------------------------------+
bool NotSent(SNotSent &answer,const string reason,const string message,const long retcode=0)
  {
   answer.reason=reason;
   answer.message=message;
   answer.retcode=retcode;
   return(false);
  }
//+------------------------------------------------------------------+
//| Return whether a value is one of a list, separated by commas.    |
//+------------------------------------------------------------------+
bool IsOneOf(const string value,const string values)
  {
   return(value!="" && StringFind(value,",")<0 && StringFind(","+values+",",","+value+",")>=0);
  }
//+------------------------------------------------------------------+
//| Return the message that a field has a value outside its list.    |
//+------------------------------------------------------------------+
string NotSupported(const string field,const string value,const string values)
  {
   string list=values;
   StringReplace(list,",",", ");
   return(field+" \""+value+"\" is not supported; supported: "+list);
  }
//+------------------------------------------------------------------+
//| Refuse a command whose field has a value outside its list.       |
//| Always false.                                                    |
//+------------------------------------------------------------------+
bool RefuseValue(SNotSent &answer,const string field,const string value,const string values,const long retcode)
  {
   return(NotSent(answer,"CHECK",NotSupported(field,value,values),retcode));
  }
//+------------------------------------------------------------------+
