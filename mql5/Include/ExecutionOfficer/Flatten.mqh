//+------------------------------------------------------------------+
//|                                                      Flatten.mqh |
//| The flatten button: close every position and remove every pending|
//| order that this program made, with or without the sidecar.       |
//|                                                                  |
//|   state      what happened                         next          |
//|   IDLE       a click                               ARMED         |
//|   ARMED      a click within CONFIRM_MS             STOPPED       |
//|   ARMED      CONFIRM_MS over                       IDLE          |
//|   STOPPED    a click                               IDLE          |
//|                                                                  |
//| While STOPPED no command is executed, and whatever of ours is    |
//| there is closed or removed: one request in a timer call; what is |
//| still there after RETRY_MS is tried again, FLATTEN_TRIES times in|
//| all. The journal learns of it from the broker's records, as of   |
//| anything that is done by hand.                                   |
//+------------------------------------------------------------------+
#include "Filling.mqh"
#include "Limits.mqh"
#include "Log.mqh"
#include "Ours.mqh"
#include "Permits.mqh"
#include "Standing.mqh"

#define CONFIRM_MS 5000
#define RETRY_MS 2000
#define FLATTEN_TRIES 5
#define FLATTEN_LOOK_MS 500       // between two looks that find nothing to do
#define FLATTENED "the flatten button was pressed; press it again to allow trading"

enum ENUM_FLATTEN_STATE
  {
   FLATTEN_STATE_IDLE,
   FLATTEN_STATE_ARMED,
   FLATTEN_STATE_STOPPED
  };
//+------------------------------------------------------------------+
//| How often something was tried                                    |
//+------------------------------------------------------------------+
struct SFlattenTry
  {
   long              number;     // a position's identifier; an order's ticket, negative
   double            volume;     // that was left; a part that went starts the count anew
   int               tries;
   long              next_ms;
  };
//+------------------------------------------------------------------+
//| Of one load of the program                                       |
//+------------------------------------------------------------------+
class CFlatten
  {
private:
   CLedger          *m_ledger;
   CLog             *m_log;
   SLimits           m_limits;
   ENUM_FLATTEN_STATE m_state;
   long              m_until_ms;     // ARMED
   long              m_next_ms;
   SFlattenTry       m_tries[];
   bool              m_looked;
   int               m_left;         // positions and orders that were there at the last look
   int               m_given_up;     // of these
   string            m_missing;      // a permission
   string            m_last_error;

   int               Place(const long number,const double volume,const long mono_ms);
   bool              Chosen(const long number,const double volume,const long mono_ms,const bool is_first);
   string            LookAtOrders(const long mono_ms,MqlTradeRequest &request);
   string            LookAtPositions(const long mono_ms,const bool is_first,MqlTradeRequest &request);
   void              Send(MqlTradeRequest &request,const string what);

public:
                     CFlatten(void);
   void              Load(CLedger &ledger,const SLimits &limits,CLog &log);
   void              Click(const long mono_ms);
   bool              Stopped(void) const { return(m_state==FLATTEN_STATE_STOPPED); }
   string            Word(const long mono_ms);
   string            Status(void) const;
   bool              Step(const long mono_ms);
  };
//+------------------------------------------------------------------+
//| Of no load                                                       |
//+------------------------------------------------------------------+
CFlatten::CFlatten(void)
  {
   m_ledger=NULL;
   m_log=NULL;
   m_state=FLATTEN_STATE_IDLE;
   m_looked=false;
   m_left=0;
   m_given_up=0;
  }
//+------------------------------------------------------------------+
//| A load of the program: nobody has pressed                        |
//+------------------------------------------------------------------+
void CFlatten::Load(CLedger &ledger,const SLimits &limits,CLog &log)
  {
   m_ledger=GetPointer(ledger);
   m_log=GetPointer(log);
   m_limits=limits;
   m_state=FLATTEN_STATE_IDLE;
   m_until_ms=0;
   m_next_ms=0;
   m_looked=false;
   m_left=0;
   m_given_up=0;
   m_missing="";
   m_last_error="";
   ArrayFree(m_tries);
  }
//+------------------------------------------------------------------+
//| Somebody pressed                                                 |
//+------------------------------------------------------------------+
void CFlatten::Click(const long mono_ms)
  {
   if(m_state==FLATTEN_STATE_STOPPED)
     {
      m_state=FLATTEN_STATE_IDLE;
      m_log.Warning("trading is allowed again by the button");
      return;
     }
   if(m_state==FLATTEN_STATE_IDLE || mono_ms>=m_until_ms)
     {
      m_state=FLATTEN_STATE_ARMED;
      m_until_ms=mono_ms+CONFIRM_MS;
      return;
     }
   m_state=FLATTEN_STATE_STOPPED;
   m_next_ms=mono_ms;
   m_looked=false;
   m_left=0;
   m_given_up=0;
   m_missing="";
   m_last_error="";
   ArrayFree(m_tries);
   m_log.Warning("the flatten button was pressed: everything of this program is closed and removed");
  }
//+------------------------------------------------------------------+
//| What the button says now                                         |
//+------------------------------------------------------------------+
string CFlatten::Word(const long mono_ms)
  {
   if(m_state==FLATTEN_STATE_ARMED && mono_ms>=m_until_ms)
      m_state=FLATTEN_STATE_IDLE;
   if(m_state==FLATTEN_STATE_STOPPED)
      return("allow trading");
   return((m_state==FLATTEN_STATE_ARMED) ? "press again to flatten" : "flatten");
  }
//+------------------------------------------------------------------+
//| How far it came, for people; empty while nothing is to be said   |
//+------------------------------------------------------------------+
string CFlatten::Status(void) const
  {
   if(m_state!=FLATTEN_STATE_STOPPED)
      return("");
   string status="Flatten: ";
   if(m_missing!="")
      return(status+m_missing);
   if(!m_looked)
      return(status+"waiting for the broker, and for the ledger");
   if(m_left==0)
      return(status+"nothing of this program is open");
   status+=IntegerToString(m_left)+" positions and orders are left";
   if(m_given_up>0)
      status+=", "+IntegerToString(m_given_up)+" could not be closed: do it by hand";
   return((m_last_error=="") ? status : status+" ("+m_last_error+")");
  }
//+------------------------------------------------------------------+
//| Look at what there is, and close or remove the next one. At most |
//| one request; true where one was sent. Needs the broker and the   |
//| account's ledger.                                                |
//+------------------------------------------------------------------+
bool CFlatten::Step(const long mono_ms)
  {
   MqlTradeRequest request;
   if(m_state!=FLATTEN_STATE_STOPPED || mono_ms<m_next_ms)
      return(false);
   m_next_ms=mono_ms+FLATTEN_LOOK_MS;
   m_missing=MissingPermission();
   if(m_missing!="")
      return(false);
   m_looked=true;
   m_left=0;
   m_given_up=0;
   ZeroMemory(request);
   // Orders first: one that triggers meanwhile would open what was just closed.
   string order=LookAtOrders(mono_ms,request);
   string position=LookAtPositions(mono_ms,order=="",request);
   if(order=="" && position=="")
      return(false);
   Send(request,order+position);
   m_next_ms=mono_ms;
   return(true);
  }
//+------------------------------------------------------------------+
//| Where the tries of one thing are counted                         |
//+------------------------------------------------------------------+
int CFlatten::Place(const long number,const double volume,const long mono_ms)
  {
   int count=ArraySize(m_tries);
   for(int i=0; i<count; i++)
      if(m_tries[i].number==number)
         return(i);
   ArrayResize(m_tries,count+1,64);
   m_tries[count].number=number;
   m_tries[count].volume=volume;
   m_tries[count].tries=0;
   m_tries[count].next_ms=mono_ms;
   return(count);
  }
//+------------------------------------------------------------------+
//| Whether this one is tried now: it is due, and the first that is. |
//| Counts it among what is left.                                    |
//+------------------------------------------------------------------+
bool CFlatten::Chosen(const long number,const double volume,const long mono_ms,const bool is_first)
  {
   int at=Place(number,volume,mono_ms);
   m_left++;
   if(volume<m_tries[at].volume)
      m_tries[at].tries=0;
   m_tries[at].volume=volume;
   if(mono_ms<m_tries[at].next_ms)
      return(false);
   if(m_tries[at].tries>=FLATTEN_TRIES)
     {
      m_given_up++;
      return(false);
     }
   if(!is_first)
      return(false);
   m_tries[at].tries++;
   m_tries[at].next_ms=mono_ms+RETRY_MS;
   return(true);
  }
//+------------------------------------------------------------------+
//| The request to remove the first of our pending orders that is due|
//| and its name; empty where there is none                          |
//+------------------------------------------------------------------+
string CFlatten::LookAtOrders(const long mono_ms,MqlTradeRequest &request)
  {
   string chosen="";
   for(int i=0; i<OrdersTotal(); i++)
     {
      ulong ticket=OrderGetTicket(i);
      if(ticket==0 || !IsPendingType(OrderGetInteger(ORDER_TYPE)) || !IsOurMagic(m_ledger,OrderGetInteger(ORDER_MAGIC))
         || !Chosen(-(long)ticket,0.0,mono_ms,chosen==""))
         continue;
      request.action=TRADE_ACTION_REMOVE;
      request.order=ticket;
      chosen="order "+IntegerToString((long)ticket);
     }
   return(chosen);
  }
//+------------------------------------------------------------------+
//| The request to close the first of our positions that is due, and |
//| its name; empty where there is none                              |
//+------------------------------------------------------------------+
string CFlatten::LookAtPositions(const long mono_ms,const bool is_first,MqlTradeRequest &request)
  {
   SMarket market;
   string chosen="";
   for(int i=0; i<PositionsTotal(); i++)
     {
      ulong ticket=PositionGetTicket(i);
      if(ticket==0)
         continue;
      long identifier=PositionGetInteger(POSITION_IDENTIFIER);
      double volume=PositionGetDouble(POSITION_VOLUME);
      bool is_long=(PositionGetInteger(POSITION_TYPE)==POSITION_TYPE_BUY);
      string symbol=PositionGetString(POSITION_SYMBOL);
      if(!IsOurPosition(m_ledger,identifier,PositionGetInteger(POSITION_MAGIC))
         || !Chosen(identifier,volume,mono_ms,is_first && chosen==""))
         continue;
      double most=SymbolInfoDouble(symbol,SYMBOL_VOLUME_MAX);
      request.action=TRADE_ACTION_DEAL;
      request.symbol=symbol;
      request.volume=(most>0.0 && volume>most) ? most : volume;
      // A server that wants no price needs no quote; one that wants it refuses, and is asked again.
      if(ReadMarket(symbol,market))
         request.price=NormalizeDouble(is_long ? market.bid : market.ask,market.digits);
      request.deviation=(ulong)m_limits.max_deviation;
      request.type=is_long ? ORDER_TYPE_SELL : ORDER_TYPE_BUY;
      request.type_filling=ChooseFilling(false,SymbolInfoInteger(symbol,SYMBOL_FILLING_MODE),
                                         SymbolInfoInteger(symbol,SYMBOL_TRADE_EXEMODE));
      request.comment="flatten";
      request.position=ticket;
      chosen="position "+IntegerToString(identifier);
     }
   return(chosen);
  }
//+------------------------------------------------------------------+
//| One request. Only the broker's records tell what came of it.     |
//+------------------------------------------------------------------+
void CFlatten::Send(MqlTradeRequest &request,const string what)
  {
   MqlTradeResult result;
   ZeroMemory(result);
   ResetLastError();
   bool sent=OrderSend(request,result);
   string outcome=IntegerToString((long)result.retcode)+" "+result.comment;
   if(!sent)
      outcome+=", error "+IntegerToString(GetLastError());
   m_last_error=(sent && (result.retcode==TRADE_RETCODE_DONE || result.retcode==TRADE_RETCODE_PLACED)) ? "" : outcome;
   m_log.Warning("flatten: "+what+": "+outcome);
  }
//+------------------------------------------------------------------+
