//+------------------------------------------------------------------+
//|                                                       Orders.mqh |
//| Orders and positions of the Probe: one symbol, the smallest      |
//| volume, a magic of its own.                                      |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Orders\OrderRequest.mqh>

#define PROBE_MAGIC 77001
#define PROBE_CLOSE_ATTEMPTS 5
#define PROBE_PROMPT_MS 50         // a few timer calls: not late
//+------------------------------------------------------------------+
//| Sender of the Probe's orders.                                    |
//+------------------------------------------------------------------+
class CProbeOrders
  {
private:
   string            m_symbol;
   long              m_sent_us;
   long              m_position; // identifier

public:
                     CProbeOrders(void);
   void              Start(const string symbol);
   string            Symbol(void) const { return(m_symbol); }
   long              SinceSentMs(void) const { return(((long)GetMicrosecondCount()-m_sent_us)/1000); }
   bool              Send(const ulong position,const double volume,const bool buys,const long magic,const string comment,
                          const double sl,const double tp,MqlTradeResult &result);
   bool              FindOurs(ulong &ticket,double &volume,bool &is_long);
   ulong             FindDeal(const long entry) const;
   void              CloseAll(void);
  };
//+------------------------------------------------------------------+
//| Create it without a symbol.                                      |
//+------------------------------------------------------------------+
CProbeOrders::CProbeOrders(void)
  {
   Start("");
  }
//+------------------------------------------------------------------+
//| Start with a symbol.                                             |
//+------------------------------------------------------------------+
void CProbeOrders::Start(const string symbol)
  {
   m_symbol=symbol;
   m_sent_us=0;
   m_position=0;
  }
//+------------------------------------------------------------------+
//| Send a market order; return the answer of OrderSend.             |
//+------------------------------------------------------------------+
bool CProbeOrders::Send(const ulong position,const double volume,const bool buys,const long magic,const string comment,
                        const double sl,const double tp,MqlTradeResult &result)
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
   request.sl=sl;
   request.tp=tp;
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
//| Find and select the position that the Probe opened.              |
//+------------------------------------------------------------------+
bool CProbeOrders::FindOurs(ulong &ticket,double &volume,bool &is_long)
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
//| Return the position's deal of an entry type; 0 while the history |
//| does not have it.                                                |
//+------------------------------------------------------------------+
ulong CProbeOrders::FindDeal(const long entry) const
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
//| Close every position of the Probe.                               |
//+------------------------------------------------------------------+
void CProbeOrders::CloseAll(void)
  {
   MqlTradeResult result;
   ulong ticket=0;
   double volume=0.0;
   bool is_long=false;
   for(int i=0; i<PROBE_CLOSE_ATTEMPTS && m_symbol!="" && FindOurs(ticket,volume,is_long); i++)
     {
      bool sent=Send(ticket,volume,!is_long,0,"",0.0,0.0,result);
      if(!sent)
         Print("probe: closing position ",ticket," answered ",result.retcode);
     }
  }
//+------------------------------------------------------------------+
