//+------------------------------------------------------------------+
//|                                                AccountLimits.mqh |
//| Risk limits of all orders together: exposure in a symbol, rate   |
//| of orders, state of the account. Each is off where its input is  |
//| 0, and applies to an OPEN only.                                  |
//+------------------------------------------------------------------+
#include "..\Ledger\Ownership.mqh"
#include "DayEquity.mqh"
#include "RiskLimits.mqh"
#include "UnseenOrders.mqh"

#define MINUTE_MS 60000
//+------------------------------------------------------------------+
//| Limits of one load of the program.                               |
//+------------------------------------------------------------------+
class CAccountLimits
  {
private:
   CLedger          *m_ledger;
   SRiskLimits       m_risk_limits;
   CDayEquity        m_day;
   long              m_mono_ms;
   long              m_sent_ms[]; // times of the last minute's OPENs
   CUnseenOrders     m_unseen_orders;

   bool              HasExposureLimit(void) const;
   string            ExposureViolation(const SOrder &order);
   string            OrderRateViolation(void);
   string            AccountStateViolation(void) const;

public:
                     CAccountLimits(void);
   void              Load(CLedger &ledger,const SRiskLimits &risk_limits);
   void              RiskLimits(SRiskLimits &risk_limits) const { risk_limits=m_risk_limits; }
   void              Update(const long mono_ms,const STerminalState &terminal);
   void              Opened(const SOrder &order,const bool refused);
   bool              IsUnseen(const long client_order_id) const { return(m_unseen_orders.Holds(client_order_id)); }
   string            OpenViolation(const SOrder &order);
  };
//+------------------------------------------------------------------+
//| Create it without a load.                                        |
//+------------------------------------------------------------------+
CAccountLimits::CAccountLimits(void)
  {
   m_ledger=NULL;
   m_mono_ms=0;
  }
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CAccountLimits::Load(CLedger &ledger,const SRiskLimits &risk_limits)
  {
   m_ledger=GetPointer(ledger);
   m_risk_limits=risk_limits;
   m_day.Reset();
   m_mono_ms=0;
   ArrayFree(m_sent_ms);
   m_unseen_orders.Clear();
  }
//+------------------------------------------------------------------+
//| Update the time and the state of the account.                    |
//+------------------------------------------------------------------+
void CAccountLimits::Update(const long mono_ms,const STerminalState &terminal)
  {
   m_mono_ms=mono_ms;
   m_unseen_orders.Update(mono_ms,terminal.broker_connected);
   if(m_risk_limits.max_daily_loss>0.0 && terminal.broker_connected)
      m_day.Update(terminal.account,terminal.server_ms,AccountInfoDouble(ACCOUNT_EQUITY));
  }
//+------------------------------------------------------------------+
//| Record a sent OPEN. `refused`: nothing was executed.             |
//+------------------------------------------------------------------+
void CAccountLimits::Opened(const SOrder &order,const bool refused)
  {
   if(!refused)
      m_unseen_orders.Put(order);
   if(m_risk_limits.max_orders_per_minute<=0)
      return;
   int count=ArraySize(m_sent_ms);
   ArrayResize(m_sent_ms,count+1,64);
   m_sent_ms[count]=m_mono_ms;
  }
//+------------------------------------------------------------------+
//| Return the limit that forbids the OPEN, with its numbers; empty  |
//| where none does.                                                 |
//+------------------------------------------------------------------+
string CAccountLimits::OpenViolation(const SOrder &order)
  {
   string violation=ExposureViolation(order);
   if(violation=="")
      violation=OrderRateViolation();
   return((violation=="") ? AccountStateViolation() : violation);
  }
//+------------------------------------------------------------------+
//| Return whether the exposure in a symbol is limited.              |
//+------------------------------------------------------------------+
bool CAccountLimits::HasExposureLimit(void) const
  {
   return(m_risk_limits.max_symbol_positions>0 || m_risk_limits.max_symbol_lots>0.0);
  }
//+------------------------------------------------------------------+
//| Check the exposure in the symbol, with the new order.            |
//+------------------------------------------------------------------+
string CAccountLimits::ExposureViolation(const SOrder &order)
  {
   if(!HasExposureLimit())
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
   m_unseen_orders.Count(order.symbol,shown,count,lots);
   if(m_risk_limits.max_symbol_positions>0 && count>m_risk_limits.max_symbol_positions)
      return(IntegerToString(count)+" positions and pending orders in "+order.symbol
             +" are more than the maximum positions per symbol "+IntegerToString(m_risk_limits.max_symbol_positions));
   if(m_risk_limits.max_symbol_lots>0.0 && lots>m_risk_limits.max_symbol_lots+LOTS_TOLERANCE)
      return(DoubleToString(lots,2)+" lots in "+order.symbol+" are more than the maximum volume per symbol "
             +DoubleToString(m_risk_limits.max_symbol_lots,2));
   return("");
  }
//+------------------------------------------------------------------+
//| Check the number of OPENs of the last minute.                    |
//+------------------------------------------------------------------+
string CAccountLimits::OrderRateViolation(void)
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
   if(m_risk_limits.max_orders_per_minute<=0 || kept<m_risk_limits.max_orders_per_minute)
      return("");
   return(IntegerToString(kept)+" orders were sent within a minute; the maximum orders per minute is "
          +IntegerToString(m_risk_limits.max_orders_per_minute));
  }
//+------------------------------------------------------------------+
//| Check margin level and daily loss.                               |
//+------------------------------------------------------------------+
string CAccountLimits::AccountStateViolation(void) const
  {
   double level=AccountInfoDouble(ACCOUNT_MARGIN_LEVEL);
   if(m_risk_limits.min_margin_level>0.0 && AccountInfoDouble(ACCOUNT_MARGIN)>0.0 && level<m_risk_limits.min_margin_level)
      return("the margin level "+DoubleToString(level,2)+" % is below the minimum margin level "
             +DoubleToString(m_risk_limits.min_margin_level,2)+" %");
   double equity=AccountInfoDouble(ACCOUNT_EQUITY);
   if(m_risk_limits.max_daily_loss>0.0 && m_day.Known() && m_day.Equity()-equity>=m_risk_limits.max_daily_loss)
      return("the equity "+DoubleToString(equity,2)+" is "+DoubleToString(m_day.Equity()-equity,2)+" below "
             +DoubleToString(m_day.Equity(),2)+", the equity at the start of the broker's day; the maximum daily loss is "
             +DoubleToString(m_risk_limits.max_daily_loss,2));
   return("");
  }
//+------------------------------------------------------------------+
