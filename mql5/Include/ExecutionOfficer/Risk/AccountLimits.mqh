//+------------------------------------------------------------------+
//|                                                AccountLimits.mqh |
//| The inputs that look further than one order: what is open        |
//| already, how fast it goes, how the account stands. Each is off   |
//| where its input is 0, and holds for an OPEN alone.               |
//+------------------------------------------------------------------+
#include "..\Ledger\Ownership.mqh"
#include "DayEquity.mqh"
#include "RiskLimits.mqh"
#include "UnseenOrders.mqh"

#define MINUTE_MS 60000
//+------------------------------------------------------------------+
//| Of one load of the program                                       |
//+------------------------------------------------------------------+
class CRiskLimits
  {
private:
   CLedger          *m_ledger;
   SLimits           m_limits;
   CDayEquity        m_day;
   long              m_mono_ms;
   long              m_sent_ms[];    // of the last minute's OPENs
   CUnseen           m_unseen;

   bool              CountsHeld(void) const;
   string            ForbidHeld(const SOrder &order);
   string            ForbidPace(void);
   string            ForbidAccount(void) const;

public:
                     CRiskLimits(void);
   void              Load(CLedger &ledger,const SLimits &limits);
   void              Limits(SLimits &limits) const { limits=m_limits; }
   void              Beat(const long mono_ms,const SStanding &standing);
   void              Opened(const SOrder &order,const bool refused);
   bool              Unseen(const long client_order_id) const { return(m_unseen.Holds(client_order_id)); }
   string            ForbidOpen(const SOrder &order);
  };
//+------------------------------------------------------------------+
//| Of no load                                                       |
//+------------------------------------------------------------------+
CRiskLimits::CRiskLimits(void)
  {
   m_ledger=NULL;
   m_mono_ms=0;
  }
//+------------------------------------------------------------------+
//| A load of the program                                            |
//+------------------------------------------------------------------+
void CRiskLimits::Load(CLedger &ledger,const SLimits &limits)
  {
   m_ledger=GetPointer(ledger);
   m_limits=limits;
   m_day.Reset();
   m_mono_ms=0;
   ArrayFree(m_sent_ms);
   m_unseen.Clear();
  }
//+------------------------------------------------------------------+
//| The time now, and how the account stands                         |
//+------------------------------------------------------------------+
void CRiskLimits::Beat(const long mono_ms,const SStanding &standing)
  {
   m_mono_ms=mono_ms;
   m_unseen.Beat(mono_ms,standing.connected);
   if(m_limits.max_daily_loss>0.0 && standing.connected)
      m_day.Beat(standing.account,standing.server_ms,AccountInfoDouble(ACCOUNT_EQUITY));
  }
//+------------------------------------------------------------------+
//| An OPEN went out; `refused`: nothing will come of it             |
//+------------------------------------------------------------------+
void CRiskLimits::Opened(const SOrder &order,const bool refused)
  {
   if(!refused)
      m_unseen.Put(order);
   if(m_limits.max_orders_per_minute<=0)
      return;
   int count=ArraySize(m_sent_ms);
   ArrayResize(m_sent_ms,count+1,64);
   m_sent_ms[count]=m_mono_ms;
  }
//+------------------------------------------------------------------+
//| Which input forbids the OPEN, with the numbers; empty: none      |
//+------------------------------------------------------------------+
string CRiskLimits::ForbidOpen(const SOrder &order)
  {
   string forbidden=ForbidHeld(order);
   if(forbidden=="")
      forbidden=ForbidPace();
   return((forbidden=="") ? ForbidAccount() : forbidden);
  }
//+------------------------------------------------------------------+
//| Whether what we have in a symbol is limited                      |
//+------------------------------------------------------------------+
bool CRiskLimits::CountsHeld(void) const
  {
   return(m_limits.max_symbol_positions>0 || m_limits.max_symbol_lots>0.0);
  }
//+------------------------------------------------------------------+
//| What we have in the symbol, the new one included                 |
//+------------------------------------------------------------------+
string CRiskLimits::ForbidHeld(const SOrder &order)
  {
   if(!CountsHeld())
      return("");
   int count=1;
   double lots=StringToDouble(order.volume);
   long shown[];
   for(int i=0; i<PositionsTotal(); i++)
     {
      ulong ticket=PositionGetTicket(i);
      if(ticket==0 || PositionGetString(POSITION_SYMBOL)!=order.symbol)
         continue;
      AppendClientOrderId(shown,PositionGetInteger(POSITION_MAGIC));
      double volume=PositionGetDouble(POSITION_VOLUME);
      if(!IsOurPosition(m_ledger,PositionGetInteger(POSITION_IDENTIFIER),PositionGetInteger(POSITION_MAGIC)))
         continue;
      lots+=volume;
      count++;
     }
   for(int i=0; i<OrdersTotal(); i++)
     {
      ulong ticket=OrderGetTicket(i);
      if(ticket==0 || OrderGetString(ORDER_SYMBOL)!=order.symbol || !IsOurMagic(m_ledger,OrderGetInteger(ORDER_MAGIC)))
         continue;
      AppendClientOrderId(shown,OrderGetInteger(ORDER_MAGIC));
      lots+=OrderGetDouble(ORDER_VOLUME_CURRENT);
      count++;
     }
   m_unseen.Count(order.symbol,shown,count,lots);
   if(m_limits.max_symbol_positions>0 && count>m_limits.max_symbol_positions)
      return(IntegerToString(count)+" positions and pending orders in "+order.symbol
             +" are more than the maximum positions per symbol "+IntegerToString(m_limits.max_symbol_positions));
   if(m_limits.max_symbol_lots>0.0 && lots>m_limits.max_symbol_lots+LOTS_SLACK)
      return(DoubleToString(lots,2)+" lots in "+order.symbol+" are more than the maximum volume per symbol "
             +DoubleToString(m_limits.max_symbol_lots,2));
   return("");
  }
//+------------------------------------------------------------------+
//| How many OPENs went out within the last minute                   |
//+------------------------------------------------------------------+
string CRiskLimits::ForbidPace(void)
  {
   int kept=0;
   for(int i=0; i<ArraySize(m_sent_ms); i++)
     {
      if(m_sent_ms[i]<=m_mono_ms-MINUTE_MS)
         continue;
      m_sent_ms[kept]=m_sent_ms[i];
      kept++;
     }
   ArrayResize(m_sent_ms,kept,64);
   if(m_limits.max_orders_per_minute<=0 || kept<m_limits.max_orders_per_minute)
      return("");
   return(IntegerToString(kept)+" orders were sent within a minute; the maximum orders per minute are "
          +IntegerToString(m_limits.max_orders_per_minute));
  }
//+------------------------------------------------------------------+
//| How the account stands                                           |
//+------------------------------------------------------------------+
string CRiskLimits::ForbidAccount(void) const
  {
   double level=AccountInfoDouble(ACCOUNT_MARGIN_LEVEL);
   if(m_limits.min_margin_level>0.0 && AccountInfoDouble(ACCOUNT_MARGIN)>0.0 && level<m_limits.min_margin_level)
      return("the margin level "+DoubleToString(level,2)+" % is below the minimum margin level "
             +DoubleToString(m_limits.min_margin_level,2)+" %");
   double equity=AccountInfoDouble(ACCOUNT_EQUITY);
   if(m_limits.max_daily_loss>0.0 && m_day.Known() && m_day.Equity()-equity>=m_limits.max_daily_loss)
      return("the equity "+DoubleToString(equity,2)+" is "+DoubleToString(m_day.Equity()-equity,2)+" below "
             +DoubleToString(m_day.Equity(),2)+", with which the broker's day began; the maximum daily loss is "
             +DoubleToString(m_limits.max_daily_loss,2));
   return("");
  }
//+------------------------------------------------------------------+
