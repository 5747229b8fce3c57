//+------------------------------------------------------------------+
//|                                                      Flatten.mqh |
//| The flatten button: close every position and remove every        |
//| order of this program, with or without the sidecar.              |
//|                                                                  |
//|   state      event                                  next         |
//|   IDLE       a click                                ARMED        |
//|   ARMED      a click within CONFIRM_MS              STOPPED      |
//|   ARMED      CONFIRM_MS over                        IDLE         |
//|   STOPPED    a click                                IDLE         |
//|   IDLE       a load for an account that was STOPPED STOPPED      |
//|                                                                  |
//| A click within DOUBLE_CLICK_MS of the one before is ignored: a   |
//| double click must not flatten, nor allow trading again.          |
//|                                                                  |
//| While STOPPED no command is executed, and every position and     |
//| order of this program is closed or removed, one request per      |
//| timer call. What is still open after RETRY_MS is tried again,    |
//| FLATTEN_ATTEMPTS_MAX times in all. The journal learns of it from |
//| the broker's records, as of manual trades.                       |
//|                                                                  |
//| On a netting account a second close would open the opposite side |
//| while the first is still executed, and a close may take lots of  |
//| others. There the volume is at most our allocation; nothing is   |
//| sent while an order of this program or of the button is live in  |
//| the symbol; and after any answer but a refusal the position is   |
//| left alone for OUTCOME_WAIT_MS.                                  |
//+------------------------------------------------------------------+
#include "..\Common\Log.mqh"
#include "..\Orders\OrderCheck.mqh"
#include "..\Orders\Retcodes.mqh"
#include "..\Risk\RiskLimits.mqh"
#include "..\Symbols\Filling.mqh"
#include "..\Symbols\SymbolRules.mqh"
#include "..\Terminal\GlobalVariables.mqh"
#include "..\Terminal\TerminalState.mqh"
#include "Allocation.mqh"
#include "FlattenAttempts.mqh"

#define CONFIRM_MS 5000
#define DOUBLE_CLICK_MS 700
#define FLATTEN_CHECK_MS 500       // between two checks that find nothing to do
#define RESTING_MS 2000            // the age from which a market order rests
#define FLATTENED_MESSAGE "the flatten button was pressed; press it again to allow trading"

enum ENUM_FLATTEN_STATE
  {
   FLATTEN_STATE_IDLE,
   FLATTEN_STATE_ARMED,
   FLATTEN_STATE_STOPPED
  };
//+------------------------------------------------------------------+
//| The button of one load of the program.                           |
//+------------------------------------------------------------------+
class CFlatten
  {
private:
   CLedger          *m_ledger;
   CLog             *m_log;
   SRiskLimits       m_risk_limits;
   ENUM_FLATTEN_STATE m_state;
   string            m_variable;           // global variable that keeps STOPPED over a load; empty: no account yet
   long              m_clicked_ms;
   long              m_until_ms;           // ARMED
   long              m_next_ms;
   CFlattenAttempts  m_attempts;
   ulong             m_closes[];           // orders of the button since the load
   bool              m_netting;
   bool              m_checked;
   string            m_missing_permission; // a permission
   string            m_waiting_for;        // an order, or the history
   string            m_last_error;
   MqlTradeRequest   m_request;            // prepared
   string            m_what;               // it closes or removes

   void              Stop(void);
   void              Save(void);
   string            NextOrder(const long mono_ms,MqlTradeRequest &request);
   string            NextPosition(const long mono_ms,const bool is_first,MqlTradeRequest &request);
   bool              HasLiveOrder(const string symbol);
   bool              MayClose(const long identifier,const string symbol,double &volume,const long mono_ms,bool &may_send);
   void              PrepareClose(const ulong ticket,const double volume,MqlTradeRequest &request);

public:
                     CFlatten(void);
   void              Load(CLedger &ledger,const SRiskLimits &risk_limits,CLog &log);
   bool              Restore(const SAccount &account,const long mono_ms);
   void              Click(const long mono_ms);
   bool              Stopped(void) const { return(m_state==FLATTEN_STATE_STOPPED); }
   string            ButtonText(const long mono_ms);
   string            Status(void) const;
   bool              Prepare(const long mono_ms);
   void              Send(const long mono_ms);
  };
//+------------------------------------------------------------------+
//| Create it without a load.                                        |
//+------------------------------------------------------------------+
CFlatten::CFlatten(void)
  {
   m_ledger=NULL;
   m_log=NULL;
   m_state=FLATTEN_STATE_IDLE;
   m_clicked_ms=0;
   m_netting=false;
   m_checked=false;
  }
//+------------------------------------------------------------------+
//| Start a load of the program, in the state IDLE.                  |
//+------------------------------------------------------------------+
void CFlatten::Load(CLedger &ledger,const SRiskLimits &risk_limits,CLog &log)
  {
   m_ledger=GetPointer(ledger);
   m_log=GetPointer(log);
   m_risk_limits=risk_limits;
   m_state=FLATTEN_STATE_IDLE;
   m_variable="";
   m_clicked_ms=0;
   m_until_ms=0;
   m_next_ms=0;
   m_netting=false;
   m_checked=false;
   m_missing_permission="";
   m_waiting_for="";
   m_last_error="";
   m_attempts.Clear();
   ArrayFree(m_closes);
  }
//+------------------------------------------------------------------+
//| Restore STOPPED from before this load; return true where it was. |
//| A terminal loads the program at each login, of the same account  |
//| too: a login must not allow trading again.                       |
//+------------------------------------------------------------------+
bool CFlatten::Restore(const SAccount &account,const long mono_ms)
  {
   if(!account.known || m_variable!="")
      return(false);
   m_variable=AccountVariable(account)+".flattened";
   if(m_state==FLATTEN_STATE_STOPPED)
     {
      Save();
      return(false);
     }
   if(!GlobalVariableCheck(m_variable))
      return(false);
   Stop();
   // A request sent just before the load may still be executed, and close a netted position.
   if(AccountInfoInteger(ACCOUNT_MARGIN_MODE)!=ACCOUNT_MARGIN_MODE_RETAIL_HEDGING)
      m_next_ms=mono_ms+OUTCOME_WAIT_MS;
   m_log.Warning("flatten_restored","the flatten button was pressed before this load: "+FLATTENED_MESSAGE);
   return(true);
  }
//+------------------------------------------------------------------+
//| Enter STOPPED: close and remove from now on.                     |
//+------------------------------------------------------------------+
void CFlatten::Stop(void)
  {
   m_state=FLATTEN_STATE_STOPPED;
   m_next_ms=0;
   m_checked=false;
   m_missing_permission="";
   m_last_error="";
   m_attempts.Restart();
  }
//+------------------------------------------------------------------+
//| Store the state for the next load.                               |
//+------------------------------------------------------------------+
void CFlatten::Save(void)
  {
   if(m_variable=="")
      return;
   if(m_state!=FLATTEN_STATE_STOPPED)
      GlobalVariableDel(m_variable);
   else if(GlobalVariableSet(m_variable,1.0)==0)
      m_log.Error("flatten_not_stored","the terminal stores no global variable: the next load of the program allows trading again");
   GlobalVariablesFlush();
  }
//+------------------------------------------------------------------+
//| Handle a click on the button.                                    |
//+------------------------------------------------------------------+
void CFlatten::Click(const long mono_ms)
  {
   bool again=(m_clicked_ms!=0 && mono_ms<m_clicked_ms+DOUBLE_CLICK_MS);
   m_clicked_ms=mono_ms;
   if(again)
      return;
   if(m_state==FLATTEN_STATE_STOPPED)
     {
      m_state=FLATTEN_STATE_IDLE;
      Save();
      m_log.Warning("flatten_ended","the button allows trading again");
      return;
     }
   if(m_state==FLATTEN_STATE_IDLE || mono_ms>=m_until_ms)
     {
      m_state=FLATTEN_STATE_ARMED;
      m_until_ms=mono_ms+CONFIRM_MS;
      return;
     }
   Stop();
   Save();
   m_log.Warning("flatten_started","the flatten button was pressed: all positions and orders of this program are closed and removed");
  }
//+------------------------------------------------------------------+
//| Return the text of the button.                                   |
//+------------------------------------------------------------------+
string CFlatten::ButtonText(const long mono_ms)
  {
   if(m_state==FLATTEN_STATE_ARMED && mono_ms>=m_until_ms)
      m_state=FLATTEN_STATE_IDLE;
   if(m_state==FLATTEN_STATE_STOPPED)
      return("allow trading");
   return((m_state==FLATTEN_STATE_ARMED) ? "press again to flatten" : "flatten");
  }
//+------------------------------------------------------------------+
//| Return the progress for the panel; empty where there is none.    |
//+------------------------------------------------------------------+
string CFlatten::Status(void) const
  {
   if(m_state!=FLATTEN_STATE_STOPPED)
      return("");
   string status="Flatten: ";
   if(m_missing_permission!="")
      return(status+m_missing_permission);
   if(!m_checked)
      return(status+"waiting for the broker and the ledger");
   if(m_attempts.Left()==0)
      return(status+"nothing of this program is open");
   status+=IntegerToString(m_attempts.Left())+" positions and orders are open";
   if(m_attempts.GivenUp()>0)
      status+=", "+IntegerToString(m_attempts.GivenUp())+" could not be closed: close them in the terminal";
   if(m_waiting_for!="")
      status+=", waiting for "+m_waiting_for;
   return((m_last_error=="") ? status : status+" ("+m_last_error+")");
  }
//+------------------------------------------------------------------+
//| Prepare the request that closes or removes what is next; return  |
//| true where there is one, which Send sends. Requires the broker   |
//| and the open ledger of the account.                              |
//+------------------------------------------------------------------+
bool CFlatten::Prepare(const long mono_ms)
  {
   if(m_state!=FLATTEN_STATE_STOPPED || mono_ms<m_next_ms)
      return(false);
   m_next_ms=mono_ms+FLATTEN_CHECK_MS;
   m_missing_permission=MissingPermission();
   if(m_missing_permission!="")
      return(false);
   m_checked=true;
   m_attempts.BeginCount();
   m_waiting_for="";
   m_netting=(AccountInfoInteger(ACCOUNT_MARGIN_MODE)!=ACCOUNT_MARGIN_MODE_RETAIL_HEDGING);
   ZeroMemory(m_request);
   // Orders first: one that triggers meanwhile would reopen what was just closed.
   string order=NextOrder(mono_ms,m_request);
   string position=NextPosition(mono_ms,order=="",m_request);
   m_what=order+position;
   return(m_what!="");
  }
//+------------------------------------------------------------------+
//| Return whether the selected live order can be removed: a pending |
//| order, or the rest of a market order. An exchange keeps the rest |
//| on its book, where the symbol has no other filling than RETURN.  |
//+------------------------------------------------------------------+
bool IsRemovable(void)
  {
   if(IsPendingType(OrderGetInteger(ORDER_TYPE)))
      return(true);
   // At first it may be filled at once.
   return(ServerMs()-OrderGetInteger(ORDER_TIME_SETUP_MSC)>=RESTING_MS);
  }
//+------------------------------------------------------------------+
//| Prepare the removal of the first order of this program that is   |
//| due; return its name, empty where there is none.                 |
//+------------------------------------------------------------------+
string CFlatten::NextOrder(const long mono_ms,MqlTradeRequest &request)
  {
   string chosen="";
   for(int i=0; i<OrdersTotal(); i++)
     {
      ulong ticket=OrderGetTicket(i);
      if(ticket==0 || !IsRemovable() || !IsOurMagic(m_ledger,OrderGetInteger(ORDER_MAGIC))
         || !m_attempts.Attempt(-(long)ticket,0.0,mono_ms,chosen==""))
         continue;
      request.action=TRADE_ACTION_REMOVE;
      request.order=ticket;
      chosen="order "+IntegerToString((long)ticket);
     }
   return(chosen);
  }
//+------------------------------------------------------------------+
//| Return whether a live order of this program or of the button in  |
//| the symbol may change a netted position at any moment. A pending |
//| order that cannot be removed does not prevent closing.           |
//+------------------------------------------------------------------+
bool CFlatten::HasLiveOrder(const string symbol)
  {
   for(int i=0; i<OrdersTotal(); i++)
     {
      ulong ticket=OrderGetTicket(i);
      if(ticket==0 || OrderGetString(ORDER_SYMBOL)!=symbol || m_attempts.IsGivenUp(-(long)ticket))
         continue;
      long magic=OrderGetInteger(ORDER_MAGIC);
      if(!IsOurMagic(m_ledger,magic) && !IsFlattenMark(magic,OrderGetString(ORDER_COMMENT)) && !HasTicket(m_closes,ticket))
         continue;
      m_waiting_for="order "+IntegerToString((long)ticket)+" in "+symbol;
      return(true);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| Compute the volume of a netted position that is ours, and        |
//| whether a close may be sent now. Where the history does not      |
//| cover the position's volume, its known part counts once          |
//| OUTCOME_WAIT_MS is over. Return false where no lots are ours.    |
//+------------------------------------------------------------------+
bool CFlatten::MayClose(const long identifier,const string symbol,double &volume,const long mono_ms,bool &may_send)
  {
   SAllocation allocation;
   bool known=ReadAllocation(m_ledger,m_closes,identifier,allocation);
   bool fits=(known && MathAbs(allocation.own+allocation.others-volume)<=LOTS_TOLERANCE);
   bool unresolved=m_attempts.IsUnresolved(identifier,fits,mono_ms);
   if(!fits)
      m_waiting_for="the history of position "+IntegerToString(identifier);
   volume=MathMin(allocation.own,volume);
   may_send=(!unresolved && volume>0.0 && !HasLiveOrder(symbol));
   return(volume>0.0 || !fits);
  }
//+------------------------------------------------------------------+
//| Prepare the close of the first position of this program that is  |
//| due; return its name, empty where there is none.                 |
//+------------------------------------------------------------------+
string CFlatten::NextPosition(const long mono_ms,const bool is_first,MqlTradeRequest &request)
  {
   string chosen="";
   for(int i=0; i<PositionsTotal(); i++)
     {
      ulong ticket=PositionGetTicket(i);
      if(ticket==0)
         continue;
      long identifier=PositionGetInteger(POSITION_IDENTIFIER);
      double volume=PositionGetDouble(POSITION_VOLUME);
      bool may_send=true;
      if(!IsOurPosition(m_ledger,identifier,PositionGetInteger(POSITION_MAGIC))
         || (m_netting && !MayClose(identifier,PositionGetString(POSITION_SYMBOL),volume,mono_ms,may_send))
         || !m_attempts.Attempt(identifier,volume,mono_ms,is_first && may_send && chosen==""))
         continue;
      PrepareClose(ticket,volume,request);
      chosen="position "+IntegerToString(identifier);
     }
   return(chosen);
  }
//+------------------------------------------------------------------+
//| Prepare the close of a volume of the selected position.          |
//+------------------------------------------------------------------+
void CFlatten::PrepareClose(const ulong ticket,const double volume,MqlTradeRequest &request)
  {
   SMarket market;
   MqlTradeCheckResult checked;
   bool is_long=(PositionGetInteger(POSITION_TYPE)==POSITION_TYPE_BUY);
   string symbol=PositionGetString(POSITION_SYMBOL);
   double most=SymbolInfoDouble(symbol,SYMBOL_VOLUME_MAX);
   request.action=TRADE_ACTION_DEAL;
   request.symbol=symbol;
   request.volume=(most>0.0 && volume>most) ? most : volume;
   // A server that requires no price needs no quote; one that does refuses, and the close is tried again.
   if(ReadMarket(symbol,market))
      request.price=ToDigits(is_long ? market.bid : market.ask,market.digits);
   request.deviation=(ulong)m_risk_limits.max_deviation;
   request.type=is_long ? ORDER_TYPE_SELL : ORDER_TYPE_BUY;
   request.type_filling=ChooseFilling(false,SymbolInfoInteger(symbol,SYMBOL_FILLING_MODE),
                                      SymbolInfoInteger(symbol,SYMBOL_TRADE_EXEMODE));
   request.comment=FLATTEN_COMMENT;
   request.position=ticket;
   // Any other check is left to the server: nothing here prevents a flatten.
   if(!PassesWithAnyFilling(request,checked) && !PassesWithShorterComment(request,checked)
      && checked.retcode==TRADE_RETCODE_INVALID_FILL)
      m_log.Warning("flatten_filling","flatten: OrderCheck passes no filling mode of "+symbol);
  }
//+------------------------------------------------------------------+
//| Send the request that was prepared. Its outcome is read from the |
//| broker's records.                                                |
//+------------------------------------------------------------------+
void CFlatten::Send(const long mono_ms)
  {
   m_next_ms=mono_ms;
   MqlTradeResult result;
   ZeroMemory(result);
   ResetLastError();
   bool sent=OrderSend(m_request,result);
   string outcome=IntegerToString((long)result.retcode)+" "+result.comment;
   if(!sent)
      outcome+=", error "+IntegerToString(GetLastError());
   if(m_request.action==TRADE_ACTION_DEAL && result.order!=0)
      AppendTicket(m_closes,result.order);
   if(m_netting && m_request.action==TRADE_ACTION_DEAL && !IsRefusal((long)result.retcode))
      m_attempts.WaitForOutcome(mono_ms);
   m_last_error=(sent && (result.retcode==TRADE_RETCODE_DONE || result.retcode==TRADE_RETCODE_PLACED)) ? "" : outcome;
   m_log.Warning("flatten_request","flatten: "+m_what+": "+outcome);
  }
//+------------------------------------------------------------------+
