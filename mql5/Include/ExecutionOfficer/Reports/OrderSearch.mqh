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
//| Records of the broker with one client order id.                  |
//+------------------------------------------------------------------+
struct SFound
  {
   ulong             orders[];           // tickets
   long              positions[];        // identifiers: of positions, and those that the orders are about
   SReport           deal_reports[];
   SReport           order_reports[];
   SReport           position_reports[];
  };
//+------------------------------------------------------------------+
//| Remove all records.                                              |
//+------------------------------------------------------------------+
void ClearFound(SFound &found)
  {
   ArrayFree(found.orders);
   ArrayFree(found.positions);
   ArrayFree(found.deal_reports);
   ArrayFree(found.order_reports);
   ArrayFree(found.position_reports);
  }
//+------------------------------------------------------------------+
//| Copy all records.                                                |
//+------------------------------------------------------------------+
void CopyFound(const SFound &from,SFound &found)
  {
   ClearFound(found);
   ArrayCopy(found.orders,from.orders);
   ArrayCopy(found.positions,from.positions);
   for(int i=0; i<ArraySize(from.deal_reports); i++)
      AppendReport(found.deal_reports,from.deal_reports[i]);
   for(int i=0; i<ArraySize(from.order_reports); i++)
      AppendReport(found.order_reports,from.order_reports[i]);
   for(int i=0; i<ArraySize(from.position_reports); i++)
      AppendReport(found.position_reports,from.position_reports[i]);
  }
//+------------------------------------------------------------------+
//| Append the identifier of a position, once.                       |
//+------------------------------------------------------------------+
void AppendPosition(SFound &found,const long identifier)
  {
   int count=ArraySize(found.positions);
   if(identifier==0)
      return;
   for(int i=0; i<count; i++)
      if(found.positions[i]==identifier)
         return;
   ArrayResize(found.positions,count+1,16);
   found.positions[count]=identifier;
  }
//+------------------------------------------------------------------+
//| Append the live orders and positions with the client order id.   |
//+------------------------------------------------------------------+
void FindLive(const long client_order_id,SFound &found)
  {
   SReport report;
   for(int i=0; i<OrdersTotal(); i++)
     {
      ulong ticket=OrderGetTicket(i);
      if(ticket==0 || OrderGetInteger(ORDER_MAGIC)!=client_order_id)
         continue;
      AppendTicket(found.orders,ticket);
      AppendPosition(found,OrderGetInteger(ORDER_POSITION_ID));
      if(LiveOrderReport(i,report))
         AppendReport(found.order_reports,report);
     }
   for(int i=0; i<PositionsTotal(); i++)
     {
      if(PositionGetTicket(i)==0 || PositionGetInteger(POSITION_MAGIC)!=client_order_id)
         continue;
      AppendPosition(found,PositionReport(i,report));
      AppendReport(found.position_reports,report);
     }
  }
//+------------------------------------------------------------------+
//| Append a done order of the selected history where it has the     |
//| client order id.                                                 |
//+------------------------------------------------------------------+
void FindDone(const ulong ticket,const long client_order_id,SFound &found)
  {
   SReport report;
   if(ticket==0 || HistoryOrderGetInteger(ticket,ORDER_MAGIC)!=client_order_id)
      return;
   AppendTicket(found.orders,ticket);
   AppendPosition(found,HistoryOrderGetInteger(ticket,ORDER_POSITION_ID));
   if(DoneOrderReport(ticket,report))
      AppendReport(found.order_reports,report);
  }
//+------------------------------------------------------------------+
//| Return whether a deal of the selected history, or its order, has |
//| the client order id: not every broker copies the order's magic.  |
//+------------------------------------------------------------------+
bool IsOurDeal(const ulong ticket,const long client_order_id,const SFound &found)
  {
   ulong order=(ulong)HistoryDealGetInteger(ticket,DEAL_ORDER);
   return(HistoryDealGetInteger(ticket,DEAL_MAGIC)==client_order_id || (order!=0 && HasTicket(found.orders,order)));
  }
//+------------------------------------------------------------------+
//| Append a deal of the selected history, once.                     |
//+------------------------------------------------------------------+
void AppendDeal(const ulong ticket,SFound &found)
  {
   SReport report;
   if(!DealReport(ticket,report))
      return;
   for(int i=0; i<ArraySize(found.deal_reports); i++)
      if(found.deal_reports[i].key==report.key)
         return;
   AppendReport(found.deal_reports,report);
  }
//+------------------------------------------------------------------+
//| Append a deal of the selected history, once, where it has the    |
//| client order id.                                                 |
//+------------------------------------------------------------------+
void FindDeal(const ulong ticket,const long client_order_id,SFound &found)
  {
   if(ticket==0 || !IsOurDeal(ticket,client_order_id,found))
      return;
   AppendPosition(found,HistoryDealGetInteger(ticket,DEAL_POSITION_ID));
   AppendDeal(ticket,found);
  }
//+------------------------------------------------------------------+
//| Append the deals of the positions that were found: those with    |
//| the client order id, or all of them, such as the stop that       |
//| closed one. Replaces the selected history.                       |
//+------------------------------------------------------------------+
void FindDealsByPosition(const long client_order_id,const bool all,SFound &found)
  {
   for(int i=0; i<ArraySize(found.positions); i++)
     {
      if(!HistorySelectByPosition(found.positions[i]))
         continue;
      for(int k=0; k<HistoryDealsTotal(); k++)
        {
         ulong ticket=HistoryDealGetTicket(k);
         if(ticket!=0 && (all || IsOurDeal(ticket,client_order_id,found)))
            AppendDeal(ticket,found);
        }
     }
  }
//+------------------------------------------------------------------+
//| Write the records as one list: deals, orders, positions.         |
//+------------------------------------------------------------------+
void JoinFound(const SFound &found,SReport &reports[])
  {
   ArrayResize(reports,0);
   for(int i=0; i<ArraySize(found.deal_reports); i++)
      AppendReport(reports,found.deal_reports[i]);
   for(int i=0; i<ArraySize(found.order_reports); i++)
      AppendReport(reports,found.order_reports[i]);
   for(int i=0; i<ArraySize(found.position_reports); i++)
      AppendReport(reports,found.position_reports[i]);
  }
//+------------------------------------------------------------------+
//| Report every record with the client order id: deals, live        |
//| orders, done orders, positions. Return false where the broker    |
//| cannot be searched.                                              |
//+------------------------------------------------------------------+
bool SearchBroker(const long client_order_id,const long since_server_ms,SReport &reports[])
  {
   SFound found;
   ArrayResize(reports,0);
   if(!BrokerConnected())
      return(false);
   // Live orders first: an order that is done in between is then found in the history, or twice, but never missed.
   FindLive(client_order_id,found);
   if(!SelectHistory(since_server_ms))
      return(false);
   for(int i=0; i<HistoryOrdersTotal(); i++)
      FindDone(HistoryOrderGetTicket(i),client_order_id,found);
   for(int i=0; i<HistoryDealsTotal(); i++)
      FindDeal(HistoryDealGetTicket(i),client_order_id,found);
   FindDealsByPosition(client_order_id,false,found);
   JoinFound(found,reports);
   return(BrokerConnected());
  }
//+------------------------------------------------------------------+
