//+------------------------------------------------------------------+
//|                                                   ProbeTrade.mqh |
//| On a demo account alone: one position of the smallest volume is  |
//| opened and closed, to see what becomes of comments, magics and   |
//| tickets, and how late the history is. None is left open.         |
//+------------------------------------------------------------------+
#include "OrderRequest.mqh"
#include "ProbeReport.mqh"

#define PROBE_MAGIC 77001
#define PROBE_COMMENT_LONG "0123456789012345678901234567890123456789"
#define PROBE_COMMENT_SHORT "probe"
#define PROBE_WAIT_CALLS 500      // timer calls that a record may take to show
#define PROBE_CLOSE_TRIES 5
#define PROBE_PROMPT_MS 50         // a few timer calls: not late

enum ENUM_PROBE_TRADE
  {
   PROBE_TRADE_REFUSED,
   PROBE_TRADE_OPEN,
   PROBE_TRADE_OPENED,
   PROBE_TRADE_CLOSE,
   PROBE_TRADE_CLOSED,
   PROBE_TRADE_DONE
  };
//+------------------------------------------------------------------+
//| One step after the other                                         |
//+------------------------------------------------------------------+
class CProbeTrade
  {
private:
   string            m_symbol;
   int               m_step;
   int               m_tries;
   int               m_calls;
   long              m_sent_us;
   ulong             m_deal;         // the one that is waited for; 0: by the position
   long              m_position;     // identifier
   string            m_transactions;

   bool              Send(const ulong position,const double volume,const bool buys,const long magic,const string comment,
                          MqlTradeResult &result);
   bool              FindOurs(ulong &ticket,double &volume,bool &is_long);
   ulong             FindDeal(const long entry) const;
   void              Refused(CProbeReport &report);
   void              OpenOne(CProbeReport &report);
   void              Opened(CProbeReport &report);
   void              CloseOne(CProbeReport &report);
   void              Closed(CProbeReport &report);
   void              Finish(CProbeReport &report,const string word);

public:
                     CProbeTrade(void);
   void              Start(const string symbol);
   bool              Call(CProbeReport &report);
   void              Transaction(const string word);
   void              CloseAll(void);
  };
//+------------------------------------------------------------------+
//| Not started                                                      |
//+------------------------------------------------------------------+
CProbeTrade::CProbeTrade(void)
  {
   Start("");
  }
//+------------------------------------------------------------------+
//| From the first step                                              |
//+------------------------------------------------------------------+
void CProbeTrade::Start(const string symbol)
  {
   m_symbol=symbol;
   m_step=PROBE_TRADE_REFUSED;
   m_tries=0;
   m_calls=0;
   m_sent_us=0;
   m_deal=0;
   m_position=0;
   m_transactions="";
  }
//+------------------------------------------------------------------+
//| A trade transaction came, for the notes                          |
//+------------------------------------------------------------------+
void CProbeTrade::Transaction(const string word)
  {
   if(StringLen(m_transactions)<900)
      m_transactions+=((m_transactions=="") ? "" : ",")+word;
  }
//+------------------------------------------------------------------+
//| One timer call; true once all steps are through                  |
//+------------------------------------------------------------------+
bool CProbeTrade::Call(CProbeReport &report)
  {
   m_calls++;
   switch(m_step)
     {
      case PROBE_TRADE_REFUSED:
         Refused(report);
         break;
      case PROBE_TRADE_OPEN:
         OpenOne(report);
         break;
      case PROBE_TRADE_OPENED:
         Opened(report);
         break;
      case PROBE_TRADE_CLOSE:
         CloseOne(report);
         break;
      case PROBE_TRADE_CLOSED:
         Closed(report);
         break;
      default:
         return(true);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| The end, with what is to be said of it                           |
//+------------------------------------------------------------------+
void CProbeTrade::Finish(CProbeReport &report,const string word)
  {
   CloseAll();
   report.Note("trade",word);
   report.Note("transactions",m_transactions);
   m_step=PROBE_TRADE_DONE;
  }
//+------------------------------------------------------------------+
//| A market order                                                   |
//+------------------------------------------------------------------+
bool CProbeTrade::Send(const ulong position,const double volume,const bool buys,const long magic,const string comment,
                       MqlTradeResult &result)
  {
   MqlTradeRequest request;
   MqlTick tick;
   ZeroMemory(request);
   ZeroMemory(result);
   if(!ReadQuote(m_symbol,tick))
      return(false);
   request.action=TRADE_ACTION_DEAL;
   request.symbol=m_symbol;
   request.volume=volume;
   request.type=buys ? ORDER_TYPE_BUY : ORDER_TYPE_SELL;
   request.price=buys ? tick.ask : tick.bid;
   request.deviation=50;
   request.magic=(ulong)magic;
   request.comment=comment;
   request.position=position;
   request.type_filling=ChooseFilling(position==0,SymbolInfoInteger(m_symbol,SYMBOL_FILLING_MODE),
                                      SymbolInfoInteger(m_symbol,SYMBOL_TRADE_EXEMODE));
   m_sent_us=(long)GetMicrosecondCount();
   return(OrderSend(request,result));
  }
//+------------------------------------------------------------------+
//| The position that the Probe has opened                           |
//+------------------------------------------------------------------+
bool CProbeTrade::FindOurs(ulong &ticket,double &volume,bool &is_long)
  {
   for(int i=PositionsTotal()-1; i>=0; i--)
     {
      ticket=PositionGetTicket(i);
      if(ticket==0 || PositionGetInteger(POSITION_MAGIC)!=PROBE_MAGIC || PositionGetString(POSITION_SYMBOL)!=m_symbol)
         continue;
      volume=PositionGetDouble(POSITION_VOLUME);
      is_long=(PositionGetInteger(POSITION_TYPE)==POSITION_TYPE_BUY);
      m_position=PositionGetInteger(POSITION_IDENTIFIER);
      return(true);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| The position's deal of that entry; 0: not in the history yet     |
//+------------------------------------------------------------------+
ulong CProbeTrade::FindDeal(const long entry) const
  {
   if(m_position==0 || !HistorySelectByPosition((ulong)m_position))
      return(0);
   for(int i=HistoryDealsTotal()-1; i>=0; i--)
     {
      ulong ticket=HistoryDealGetTicket(i);
      if(ticket!=0 && HistoryDealGetInteger(ticket,DEAL_ENTRY)==entry)
         return(ticket);
     }
   return(0);
  }
//+------------------------------------------------------------------+
//| What OrderSend returns for a request that nobody can execute     |
//+------------------------------------------------------------------+
void CProbeTrade::Refused(CProbeReport &report)
  {
   MqlTradeResult result;
   bool sent=Send(0,0.0,true,PROBE_MAGIC,PROBE_COMMENT_SHORT,result);
   report.Measure("refused_retcode",(long)result.retcode);
   if(result.retcode!=0)
      report.Flag("refused_send_is_true",sent);
   m_step=PROBE_TRADE_OPEN;
  }
//+------------------------------------------------------------------+
//| Open the smallest volume, with a comment that is too long        |
//+------------------------------------------------------------------+
void CProbeTrade::OpenOne(CProbeReport &report)
  {
   MqlTradeResult result;
   string comment=(m_tries==0) ? PROBE_COMMENT_LONG : PROBE_COMMENT_SHORT;
   bool sent=Send(0,SymbolInfoDouble(m_symbol,SYMBOL_VOLUME_MIN),true,PROBE_MAGIC,comment,result);
   bool done=(sent && (result.retcode==TRADE_RETCODE_DONE || result.retcode==TRADE_RETCODE_PLACED));
   m_tries++;
   if(!done && m_tries==1)
     {
      report.Measure("long_comment_retcode",(long)result.retcode);
      return;
     }
   report.Text("comment_too_long",(m_tries==1) ? "truncated" : "rejected");
   if(!done)
     {
      Finish(report,"the opening order was refused with "+IntegerToString((long)result.retcode));
      return;
     }
   report.Measure("open_us",(long)GetMicrosecondCount()-m_sent_us);
   report.Flag("result_without_tickets",result.deal==0 || result.order==0);
   m_calls=0;
   m_step=PROBE_TRADE_OPENED;
  }
//+------------------------------------------------------------------+
//| Wait for position and deal                                       |
//+------------------------------------------------------------------+
void CProbeTrade::Opened(CProbeReport &report)
  {
   ulong ticket=0;
   double volume=0.0;
   bool is_long=false;
   m_deal=FindOurs(ticket,volume,is_long) ? FindDeal(DEAL_ENTRY_IN) : 0;
   if(m_deal==0 && m_calls<PROBE_WAIT_CALLS)
      return;
   if(m_deal==0)
     {
      Finish(report,"the opening deal never showed");
      return;
     }
   long late_ms=((long)GetMicrosecondCount()-m_sent_us)/1000;
   report.Measure("history_late_ms",late_ms);
   report.Integer("history_late",(late_ms>PROBE_PROMPT_MS) ? late_ms : 0);
   string comment=HistoryDealGetString(m_deal,DEAL_COMMENT);
   string asked=(m_tries==1) ? PROBE_COMMENT_LONG : PROBE_COMMENT_SHORT;
   bool kept=(comment!="" && StringFind(asked,comment)==0);
   report.Note("deal_comment",comment);
   report.Flag("comment_rewritten",!kept);
   if(kept && m_tries==1)
      report.Integer("comment_most",StringLen(comment));
   report.Note("deal_magic_kept",(HistoryDealGetInteger(m_deal,DEAL_MAGIC)==PROBE_MAGIC) ? "yes" : "no");
   m_tries=0;
   m_step=PROBE_TRADE_CLOSE;
  }
//+------------------------------------------------------------------+
//| Close it as a hand would, without a magic                        |
//+------------------------------------------------------------------+
void CProbeTrade::CloseOne(CProbeReport &report)
  {
   MqlTradeResult result;
   ulong ticket=0;
   double volume=0.0;
   bool is_long=false;
   if(!FindOurs(ticket,volume,is_long))
     {
      Finish(report,"the position went by itself");
      return;
     }
   m_tries++;
   bool sent=Send(ticket,volume,!is_long,0,"",result);
   m_calls=0;
   if(sent && (result.retcode==TRADE_RETCODE_DONE || result.retcode==TRADE_RETCODE_PLACED))
      m_step=PROBE_TRADE_CLOSED;
   else if(m_tries>=PROBE_CLOSE_TRIES)
      Finish(report,"the position could not be closed ("+IntegerToString((long)result.retcode)+"): close it by hand");
  }
//+------------------------------------------------------------------+
//| Wait for the closing deal                                        |
//+------------------------------------------------------------------+
void CProbeTrade::Closed(CProbeReport &report)
  {
   m_deal=FindDeal(DEAL_ENTRY_OUT);
   if(m_deal==0 && m_calls<PROBE_WAIT_CALLS)
      return;
   if(m_deal==0)
     {
      Finish(report,"the closing deal never showed");
      return;
     }
   report.Measure("closing_deal_late_ms",((long)GetMicrosecondCount()-m_sent_us)/1000);
   report.Flag("closing_magic_zero",HistoryDealGetInteger(m_deal,DEAL_MAGIC)==0);
   Finish(report,"done");
  }
//+------------------------------------------------------------------+
//| Leave nothing open, whatever happened                            |
//+------------------------------------------------------------------+
void CProbeTrade::CloseAll(void)
  {
   MqlTradeResult result;
   ulong ticket=0;
   double volume=0.0;
   bool is_long=false;
   for(int i=0; i<PROBE_CLOSE_TRIES && m_symbol!="" && FindOurs(ticket,volume,is_long); i++)
     {
      bool sent=Send(ticket,volume,!is_long,0,"",result);
      if(!sent)
         Print("probe: closing position ",ticket," answered ",result.retcode);
     }
  }
//+------------------------------------------------------------------+
