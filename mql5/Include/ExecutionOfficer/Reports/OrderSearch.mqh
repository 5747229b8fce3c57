//+------------------------------------------------------------------+
//|                                                  OrderSearch.mqh |
//| Search of the broker's records for a client order id.            |
//+------------------------------------------------------------------+
#include "..\Common\Clock.mqh"
#include "..\Terminal\TerminalState.mqh"
#include "BrokerReports.mqh"

// History is selected until a day from now: server time may be set back, and no new record may be missed.
#define HISTORY_AHEAD_S 86400
//+------------------------------------------------------------------+
//| Select the history from a server time on.                        |
//+------------------------------------------------------------------+
bool SelectHistory(const long from_ms)
  {
   long until_s=ServerMs()/1000+HISTORY_AHEAD_S;
   return(HistorySelect((datetime)(from_ms/1000),(datetime)until_s));
  }
//+------------------------------------------------------------------+
//| Append a ticket to a list.                                       |
//+------------------------------------------------------------------+
void AppendTicket(ulong &tickets[],const ulong ticket)
  {
   int count=ArraySize(tickets);
   ArrayResize(tickets,count+1,256);
   tickets[count]=ticket;
  }
//+------------------------------------------------------------------+
//| Return whether a list has a ticket.                              |
//+------------------------------------------------------------------+
bool HasTicket(const ulong &tickets[],const ulong ticket)
  {
   for(int i=0; i<ArraySize(tickets); i++)
      if(tickets[i]==ticket)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Append a report to a list.                                       |
//+------------------------------------------------------------------+
void AppendReport(SReport &reports[],const SReport &report)
  {
   int count=ArraySize(reports);
   ArrayResize(reports,count+1,16);
   reports[count]=report;
  }
//+------------------------------------------------------------------+
//| Report every order and deal with the client order id: deals,     |
//| live orders, done orders. Deals of such an order count too: not  |
//| every broker copies its magic. Return false where the broker     |
//| cannot be searched.                                              |
//+------------------------------------------------------------------+
bool SearchBroker(const long client_order_id,const long since_server_ms,SReport &reports[])
  {
   SReport report;
   ulong orders[];
   SReport order_reports[];
   ArrayResize(reports,0);
   if(!BrokerConnected())
      return(false);
   // Live orders first: an order that is done in between is then found in the history, or twice, but never missed.
   for(int i=0; i<OrdersTotal(); i++)
     {
      ulong ticket=OrderGetTicket(i);
      if(ticket==0 || OrderGetInteger(ORDER_MAGIC)!=client_order_id)
         continue;
      AppendTicket(orders,ticket);
      if(LiveOrderReport(i,report))
         AppendReport(order_reports,report);
     }
   if(!SelectHistory(since_server_ms))
      return(false);
   for(int i=0; i<HistoryOrdersTotal(); i++)
     {
      ulong ticket=HistoryOrderGetTicket(i);
      if(ticket==0 || HistoryOrderGetInteger(ticket,ORDER_MAGIC)!=client_order_id)
         continue;
      AppendTicket(orders,ticket);
      if(DoneOrderReport(ticket,report))
         AppendReport(order_reports,report);
     }
   for(int i=0; i<HistoryDealsTotal(); i++)
     {
      ulong ticket=HistoryDealGetTicket(i);
      if(ticket==0)
         continue;
      ulong order=(ulong)HistoryDealGetInteger(ticket,DEAL_ORDER);
      bool ours=(HistoryDealGetInteger(ticket,DEAL_MAGIC)==client_order_id || (order!=0 && HasTicket(orders,order)));
      if(ours && DealReport(ticket,report))
         AppendReport(reports,report);
     }
   for(int i=0; i<ArraySize(order_reports); i++)
      AppendReport(reports,order_reports[i]);
   return(BrokerConnected());
  }
//+------------------------------------------------------------------+
