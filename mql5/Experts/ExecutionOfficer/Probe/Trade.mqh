//+------------------------------------------------------------------+
//|                                                        Trade.mqh |
//| On a demo account only: open and close one position of the       |
//| smallest volume, and record comments, magics, tickets and the    |
//| delay of the history. No position is left open.                  |
//+------------------------------------------------------------------+
#include "Orders.mqh"
#include "Transactions.mqh"

#define PROBE_COMMENT_LONG "0123456789012345678901234567890123456789"
#define PROBE_COMMENT_SHORT "probe"
#define PROBE_WAIT_CALLS 500      // timer calls until a record must be in the lists

enum ENUM_PROBE_TRADE
  {
   PROBE_TRADE_REFUSED,
   PROBE_TRADE_OPEN,
   PROBE_TRADE_OPENED,
   PROBE_TRADE_OPEN_TRANSACTIONS,
   PROBE_TRADE_CLOSE,
   PROBE_TRADE_CLOSED,
   PROBE_TRADE_CLOSE_TRANSACTIONS,
   PROBE_TRADE_DONE
  };
//+------------------------------------------------------------------+
//| Steps of the measurement, one after the other.                   |
//+------------------------------------------------------------------+
class CProbeTrade
  {
private:
   int               m_step;
   int               m_attempts;
   int               m_calls;
   ulong             m_deal; // the deal that is expected; 0: found by the position

   void              Refused(CProbeOrders &orders,CProbeReport &report);
   void              OpenOne(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report);
   void              Opened(CProbeOrders &orders,CProbeReport &report);
   void              CloseOne(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report);
   void              Closed(CProbeOrders &orders,CProbeReport &report);
   bool              TransactionsComplete(CProbeTransactions &transactions);
   void              Finish(CProbeOrders &orders,CProbeReport &report,const string word);

public:
                     CProbeTrade(void);
   void              Start(void);
   bool              Call(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report);
  };
//+------------------------------------------------------------------+
//| Create it at the first step.                                     |
//+------------------------------------------------------------------+
CProbeTrade::CProbeTrade(void)
  {
   Start();
  }
//+------------------------------------------------------------------+
//| Start with the first step.                                       |
//+------------------------------------------------------------------+
void CProbeTrade::Start(void)
  {
   m_step=PROBE_TRADE_REFUSED;
   m_attempts=0;
   m_calls=0;
   m_deal=0;
  }
//+------------------------------------------------------------------+
//| Do one timer call; return true after the last step.              |
//+------------------------------------------------------------------+
bool CProbeTrade::Call(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report)
  {
   m_calls++;
   switch(m_step)
     {
      case PROBE_TRADE_REFUSED:
         Refused(orders,report);
         break;
      case PROBE_TRADE_OPEN:
         OpenOne(orders,transactions,report);
         break;
      case PROBE_TRADE_OPENED:
         Opened(orders,report);
         break;
      case PROBE_TRADE_OPEN_TRANSACTIONS:
         if(TransactionsComplete(transactions))
            m_step=PROBE_TRADE_CLOSE;
         break;
      case PROBE_TRADE_CLOSE:
         CloseOne(orders,transactions,report);
         break;
      case PROBE_TRADE_CLOSED:
         Closed(orders,report);
         break;
      case PROBE_TRADE_CLOSE_TRANSACTIONS:
         if(TransactionsComplete(transactions))
            Finish(orders,report,"done");
         break;
      default:
         return(true);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| Return true once all transactions of the last order came, or the |
//| time for them is over.                                           |
//+------------------------------------------------------------------+
bool CProbeTrade::TransactionsComplete(CProbeTransactions &transactions)
  {
   if(!transactions.Complete() && m_calls<PROBE_WAIT_CALLS)
      return(false);
   transactions.Evaluate();
   return(true);
  }
//+------------------------------------------------------------------+
//| End with a note.                                                 |
//+------------------------------------------------------------------+
void CProbeTrade::Finish(CProbeOrders &orders,CProbeReport &report,const string word)
  {
   orders.CloseAll();
   report.Note("trade",word);
   m_step=PROBE_TRADE_DONE;
  }
//+------------------------------------------------------------------+
//| Record the answer of OrderSend to an invalid request.            |
//+------------------------------------------------------------------+
void CProbeTrade::Refused(CProbeOrders &orders,CProbeReport &report)
  {
   MqlTradeResult result;
   bool sent=orders.Send(0,0.0,true,PROBE_MAGIC,PROBE_COMMENT_SHORT,0.0,0.0,result);
   report.Measure("refused_retcode",(long)result.retcode);
   if(result.retcode!=0)
      report.Flag("refused_send_is_true",sent);
   m_step=PROBE_TRADE_OPEN;
  }
//+------------------------------------------------------------------+
//| Open the smallest volume, with a comment that is too long.       |
//+------------------------------------------------------------------+
void CProbeTrade::OpenOne(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report)
  {
   MqlTradeResult result;
   string comment=(m_attempts==0) ? PROBE_COMMENT_LONG : PROBE_COMMENT_SHORT;
   bool sent=orders.Send(0,SymbolInfoDouble(orders.Symbol(),SYMBOL_VOLUME_MIN),true,PROBE_MAGIC,comment,0.0,0.0,
                         result);
   bool done=(sent && (result.retcode==TRADE_RETCODE_DONE || result.retcode==TRADE_RETCODE_PLACED));
   m_attempts++;
   if(!done && m_attempts==1)
     {
      report.Measure("long_comment_retcode",(long)result.retcode);
      return;
     }
   report.Text("comment_too_long",(m_attempts==1) ? "truncated" : "rejected");
   if(!done)
     {
      Finish(orders,report,"the opening order was refused with "+IntegerToString((long)result.retcode));
      return;
     }
   transactions.Expect(result.order);
   report.Measure("open_ms",orders.SinceSentMs());
   report.Flag("result_without_tickets",result.deal==0 || result.order==0);
   m_calls=0;
   m_step=PROBE_TRADE_OPENED;
  }
//+------------------------------------------------------------------+
//| Wait for the position and its deal.                              |
//+------------------------------------------------------------------+
void CProbeTrade::Opened(CProbeOrders &orders,CProbeReport &report)
  {
   ulong ticket=0;
   double volume=0.0;
   bool is_long=false;
   m_deal=orders.FindOurs(ticket,volume,is_long) ? orders.FindDeal(DEAL_ENTRY_IN) : 0;
   if(m_deal==0 && m_calls<PROBE_WAIT_CALLS)
      return;
   if(m_deal==0)
     {
      Finish(orders,report,"the opening deal never entered the history");
      return;
     }
   long late_ms=orders.SinceSentMs();
   report.Measure("history_late_ms",late_ms);
   report.Integer("history_late",(late_ms>PROBE_PROMPT_MS) ? late_ms : 0);
   string comment=HistoryDealGetString(m_deal,DEAL_COMMENT);
   string asked=(m_attempts==1) ? PROBE_COMMENT_LONG : PROBE_COMMENT_SHORT;
   bool kept=(comment!="" && StringFind(asked,comment)==0);
   report.Note("deal_comment",comment);
   report.Flag("comment_rewritten",!kept);
   if(kept && m_attempts==1)
      report.Integer("comment_most",StringLen(comment));
   report.Note("deal_magic_kept",(HistoryDealGetInteger(m_deal,DEAL_MAGIC)==PROBE_MAGIC) ? "yes" : "no");
   m_attempts=0;
   m_step=PROBE_TRADE_OPEN_TRANSACTIONS;
  }
//+------------------------------------------------------------------+
//| Close the position without a magic, as a manual trade does.      |
//+------------------------------------------------------------------+
void CProbeTrade::CloseOne(CProbeOrders &orders,CProbeTransactions &transactions,CProbeReport &report)
  {
   MqlTradeResult result;
   ulong ticket=0;
   double volume=0.0;
   bool is_long=false;
   if(!orders.FindOurs(ticket,volume,is_long))
     {
      Finish(orders,report,"the position was closed by something else");
      return;
     }
   m_attempts++;
   bool sent=orders.Send(ticket,volume,!is_long,0,"",0.0,0.0,result);
   m_calls=0;
   if(sent && (result.retcode==TRADE_RETCODE_DONE || result.retcode==TRADE_RETCODE_PLACED))
     {
      transactions.Expect(result.order);
      m_step=PROBE_TRADE_CLOSED;
     }
   else if(m_attempts>=PROBE_CLOSE_ATTEMPTS)
      Finish(orders,report,"the position could not be closed ("+IntegerToString((long)result.retcode)+"): close it in the terminal");
  }
//+------------------------------------------------------------------+
//| Wait for the closing deal.                                       |
//+------------------------------------------------------------------+
void CProbeTrade::Closed(CProbeOrders &orders,CProbeReport &report)
  {
   m_deal=orders.FindDeal(DEAL_ENTRY_OUT);
   if(m_deal==0 && m_calls<PROBE_WAIT_CALLS)
      return;
   if(m_deal==0)
     {
      Finish(orders,report,"the closing deal never entered the history");
      return;
     }
   report.Measure("closing_deal_late_ms",orders.SinceSentMs());
   report.Measure("closing_deal_magic",HistoryDealGetInteger(m_deal,DEAL_MAGIC));
   m_step=PROBE_TRADE_CLOSE_TRANSACTIONS;
  }
//+------------------------------------------------------------------+
