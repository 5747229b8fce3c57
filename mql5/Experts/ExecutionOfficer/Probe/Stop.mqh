//+------------------------------------------------------------------+
//|                                                         Stop.mqh |
//| On a demo account only: open a second position with stop loss    |
//| and take profit as near as the broker allows, so that the server |
//| closes it, and record magic and comment of the closing deal.     |
//| Where neither is hit in time, close the position.                |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Terminal\EnumNames.mqh>
#include "Orders.mqh"
#include "Transactions.mqh"

#define PROBE_STOP_CALLS 6000     // timer calls: a minute or two
#define PROBE_STOP_ATTEMPTS 5        // each with twice the distance
#define PROBE_STOP_POINTS 5       // beyond what the broker demands
#define PROBE_STOP_WAIT_CALLS 500 // timer calls until the closing deal must be in the history

enum ENUM_PROBE_STOP
  {
   PROBE_STOP_OPEN,
   PROBE_STOP_WAIT,
   PROBE_STOP_CLOSED,
   PROBE_STOP_DONE
  };
//+------------------------------------------------------------------+
//| Steps of the measurement, one after the other.                   |
//+------------------------------------------------------------------+
class CProbeStop
  {
private:
   int               m_step;
   int               m_attempts;
   int               m_calls;
   bool              m_seen; // the position was in the list

   void              OpenOne(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report);
   void              Wait(CProbeOrders &orders,CProbeReport &report);
   void              Closed(CProbeOrders &orders,CProbeReport &report);
   void              Finish(CProbeOrders &orders,CProbeReport &report,const string word);

public:
                     CProbeStop(void);
   void              Start(void);
   bool              Call(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report);
  };
//+------------------------------------------------------------------+
//| Create it at the first step.                                     |
//+------------------------------------------------------------------+
CProbeStop::CProbeStop(void)
  {
   Start();
  }
//+------------------------------------------------------------------+
//| Start with the first step.                                       |
//+------------------------------------------------------------------+
void CProbeStop::Start(void)
  {
   m_step=PROBE_STOP_OPEN;
   m_attempts=0;
   m_calls=0;
   m_seen=false;
  }
//+------------------------------------------------------------------+
//| Do one timer call; return true after the last step.              |
//+------------------------------------------------------------------+
bool CProbeStop::Call(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report)
  {
   m_calls++;
   if(m_step==PROBE_STOP_OPEN)
      OpenOne(orders,transactions,report);
   else if(m_step==PROBE_STOP_WAIT)
      Wait(orders,report);
   else if(m_step==PROBE_STOP_CLOSED)
      Closed(orders,report);
   if(m_step==PROBE_STOP_DONE)
      transactions.Evaluate();
   return(m_step==PROBE_STOP_DONE);
  }
//+------------------------------------------------------------------+
//| End with a note.                                                 |
//+------------------------------------------------------------------+
void CProbeStop::Finish(CProbeOrders &orders,CProbeReport &report,const string word)
  {
   orders.CloseAll();
   report.Note("stop",word);
   m_step=PROBE_STOP_DONE;
  }
//+------------------------------------------------------------------+
//| Buy the smallest volume with two stops. Both are counted from    |
//| the bid, which closes the position.                              |
//+------------------------------------------------------------------+
void CProbeStop::OpenOne(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report)
  {
   MqlTick tick;
   MqlTradeResult result;
   string symbol=orders.Symbol();
   if(!ReadQuote(symbol,tick))
     {
      Finish(orders,report,"there is no quote");
      return;
     }
   long level=MathMax(SymbolInfoInteger(symbol,SYMBOL_TRADE_STOPS_LEVEL),
                      SymbolInfoInteger(symbol,SYMBOL_TRADE_FREEZE_LEVEL));
   long points=(level+PROBE_STOP_POINTS)<<m_attempts;
   double grid=SymbolInfoDouble(symbol,SYMBOL_TRADE_TICK_SIZE);
   double away=(double)points*SymbolInfoDouble(symbol,SYMBOL_POINT);
   if(grid<=0.0)
      grid=SymbolInfoDouble(symbol,SYMBOL_POINT);
   int digits=(int)SymbolInfoInteger(symbol,SYMBOL_DIGITS);
   double sl=NormalizeDouble(grid*MathFloor((tick.bid-away)/grid),digits);
   double tp=NormalizeDouble(grid*MathCeil((tick.bid+away)/grid),digits);
   bool sent=orders.Send(0,SymbolInfoDouble(symbol,SYMBOL_VOLUME_MIN),true,PROBE_MAGIC,"probe",sl,tp,result);
   m_attempts++;
   if(sent && (result.retcode==TRADE_RETCODE_DONE || result.retcode==TRADE_RETCODE_PLACED))
     {
      transactions.Expect(result.order);
      report.Measure("stop_points",points);
      m_calls=0;
      m_step=PROBE_STOP_WAIT;
     }
   else if(m_attempts>=PROBE_STOP_ATTEMPTS || result.retcode!=TRADE_RETCODE_INVALID_STOPS)
      Finish(orders,report,"the order with stops was refused with "+IntegerToString((long)result.retcode));
  }
//+------------------------------------------------------------------+
//| Wait until the server closed the position.                       |
//+------------------------------------------------------------------+
void CProbeStop::Wait(CProbeOrders &orders,CProbeReport &report)
  {
   ulong ticket=0;
   double volume=0.0;
   bool is_long=false;
   if(orders.FindOurs(ticket,volume,is_long))
     {
      m_seen=true;
      if(m_calls>PROBE_STOP_CALLS)
         Finish(orders,report,"neither stop was hit in time");
      return;
     }
   if(!m_seen && m_calls<PROBE_STOP_WAIT_CALLS)
      return;
   if(!m_seen)
     {
      Finish(orders,report,"the position never entered the list");
      return;
     }
   m_calls=0;
   m_step=PROBE_STOP_CLOSED;
  }
//+------------------------------------------------------------------+
//| Record the closing deal.                                         |
//+------------------------------------------------------------------+
void CProbeStop::Closed(CProbeOrders &orders,CProbeReport &report)
  {
   ulong deal=orders.FindDeal(DEAL_ENTRY_OUT);
   if(deal==0 && m_calls<PROBE_STOP_WAIT_CALLS)
      return;
   if(deal==0)
     {
      Finish(orders,report,"the closing deal never entered the history");
      return;
     }
   long reason=HistoryDealGetInteger(deal,DEAL_REASON);
   long magic=HistoryDealGetInteger(deal,DEAL_MAGIC);
   report.Note("stop_deal_reason",DealReasonName(reason));
   report.Note("stop_deal_comment",HistoryDealGetString(deal,DEAL_COMMENT));
   report.Measure("stop_deal_magic",magic);
   bool by_server=(reason==DEAL_REASON_SL || reason==DEAL_REASON_TP);
   if(by_server)
      report.Flag("closing_magic_zero",magic==0);
   Finish(orders,report,by_server ? "hit" : "closed by something else");
  }
//+------------------------------------------------------------------+
