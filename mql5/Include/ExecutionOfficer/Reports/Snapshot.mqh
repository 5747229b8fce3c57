//+------------------------------------------------------------------+
//|                                                     Snapshot.mqh |
//| The broker's records at one moment: open ones as reports, the    |
//| history as tickets, to be read in portions.                      |
//+------------------------------------------------------------------+
#include "OrderSearch.mqh"

#define SNAPSHOT_ATTEMPTS 3
//+------------------------------------------------------------------+
//| Return identifier and volume of the selected position.           |
//+------------------------------------------------------------------+
string SelectedPositionState(void)
  {
   return(IntegerToString(PositionGetInteger(POSITION_IDENTIFIER))+"="+DecimalText(PositionGetDouble(POSITION_VOLUME))+";");
  }
//+------------------------------------------------------------------+
//| Return identifiers and volumes of the positions as they are now. |
//+------------------------------------------------------------------+
string PositionState(void)
  {
   string state="";
   int total=PositionsTotal();
   for(int i=0; i<total; i++)
      if(PositionGetTicket(i)!=0)
         state+=SelectedPositionState();
   return(state);
  }
//+------------------------------------------------------------------+
//| Records from a server time on.                                   |
//+------------------------------------------------------------------+
class CSnapshot
  {
private:
   ulong             m_orders[];       // done orders
   ulong             m_deals[];
   SReport           m_live[];         // live orders, then positions
   ulong             m_tickets[];      // of the live orders
   int               m_live_orders;
   long              m_positions[];    // identifiers
   string            m_position_state; // identifiers and volumes of the positions
   long              m_from_ms;
   long              m_to_ms;
   int               m_next;

   void              ReadLiveOrders(void);
   void              ReadPositions(void);
   bool              ReadHistory(void);
   void              DropDone(void);

public:
                     CSnapshot(void);
   void              Clear(void);
   bool              Take(const long from_ms);
   bool              Select(void) const;
   bool              Current(void) const;
   bool              Next(SReport &report);
   bool              Done(void) const;
   long              FromMs(void) const;
   long              ToMs(void) const;
   int               Deals(void) const;
   int               Orders(void) const;
   void              Positions(long &identifiers[]) const;
   void              LiveOrders(long &tickets[]) const;
  };
//+------------------------------------------------------------------+
//| Create it empty.                                                 |
//+------------------------------------------------------------------+
CSnapshot::CSnapshot(void)
  {
   Clear();
  }
//+------------------------------------------------------------------+
//| Remove all records.                                              |
//+------------------------------------------------------------------+
void CSnapshot::Clear(void)
  {
   ArrayFree(m_orders);
   ArrayFree(m_deals);
   ArrayFree(m_live);
   ArrayFree(m_tickets);
   ArrayFree(m_positions);
   m_live_orders=0;
   m_position_state="";
   m_from_ms=0;
   m_to_ms=0;
   m_next=0;
  }
//+------------------------------------------------------------------+
//| Take a snapshot with history and positions of one moment,        |
//| although the terminal's lists change during reading. Return      |
//| false where the broker is or became disconnected: the records    |
//| may be older than the server time.                               |
//+------------------------------------------------------------------+
bool CSnapshot::Take(const long from_ms)
  {
   Clear();
   m_from_ms=from_ms;
   m_to_ms=ServerMs();
   if(m_to_ms<=0 || !BrokerConnected())
      return(false);
   ReadPositions();
   for(int i=0; i<SNAPSHOT_ATTEMPTS; i++)
     {
      string before=m_position_state;
      ReadLiveOrders();
      if(!ReadHistory())
         return(false);
      ReadPositions();
      if(m_position_state==before)
         break;
     }
   return(BrokerConnected());
  }
//+------------------------------------------------------------------+
//| Read the live orders.                                            |
//+------------------------------------------------------------------+
void CSnapshot::ReadLiveOrders(void)
  {
   int total=OrdersTotal();
   ArrayResize(m_live,total);
   ArrayResize(m_tickets,total);
   m_live_orders=0;
   for(int i=0; i<total; i++)
     {
      if(!LiveOrderReport(i,m_live[m_live_orders]))
         continue;
      m_tickets[m_live_orders]=(ulong)OrderGetInteger(ORDER_TICKET);
      m_live_orders++;
     }
  }
//+------------------------------------------------------------------+
//| Read the positions, behind the live orders.                      |
//+------------------------------------------------------------------+
void CSnapshot::ReadPositions(void)
  {
   int total=PositionsTotal();
   int count=0;
   ArrayResize(m_live,m_live_orders+total);
   ArrayResize(m_positions,total);
   m_position_state="";
   for(int i=0; i<total; i++)
     {
      long identifier=PositionReport(i,m_live[m_live_orders+count]);
      if(identifier==0)
         continue;
      m_positions[count]=identifier;
      m_position_state+=SelectedPositionState();
      count++;
     }
   ArrayResize(m_live,m_live_orders+count);
   ArrayResize(m_positions,count);
  }
//+------------------------------------------------------------------+
//| Read the tickets of the history.                                 |
//+------------------------------------------------------------------+
bool CSnapshot::ReadHistory(void)
  {
   ArrayResize(m_orders,0);
   ArrayResize(m_deals,0);
   if(!SelectHistory(m_from_ms))
      return(false);
   int orders=HistoryOrdersTotal();
   int deals=HistoryDealsTotal();
   ArrayResize(m_orders,orders);
   ArrayResize(m_deals,deals);
   for(int i=0; i<orders; i++)
      m_orders[i]=HistoryOrderGetTicket(i);
   for(int i=0; i<deals; i++)
      m_deals[i]=HistoryDealGetTicket(i);
   DropDone();
   return(true);
  }
//+------------------------------------------------------------------+
//| Remove the live orders that were done since: they are among the  |
//| done orders.                                                     |
//+------------------------------------------------------------------+
void CSnapshot::DropDone(void)
  {
   int kept=0;
   for(int i=0; i<m_live_orders; i++)
     {
      if(HasTicket(m_orders,m_tickets[i]))
         continue;
      m_live[kept]=m_live[i];
      m_tickets[kept]=m_tickets[i];
      kept++;
     }
   m_live_orders=kept;
  }
//+------------------------------------------------------------------+
//| Select the history of the unread tickets. Call it before Next in |
//| each timer call.                                                 |
//+------------------------------------------------------------------+
bool CSnapshot::Select(void) const
  {
   return(m_next>=ArraySize(m_orders)+ArraySize(m_deals) || SelectHistory(m_from_ms));
  }
//+------------------------------------------------------------------+
//| Return whether the positions are still those of the snapshot. A  |
//| deal is read when its report is posted: one that was annulled    |
//| since would be followed by the position that it no longer made.  |
//+------------------------------------------------------------------+
bool CSnapshot::Current(void) const
  {
   return(m_next>=ArraySize(m_orders)+ArraySize(m_deals)+ArraySize(m_live) || PositionState()==m_position_state);
  }
//+------------------------------------------------------------------+
//| Read the next report: deals, done orders, live orders,           |
//| positions. A deal precedes the position that it made, and the    |
//| cancellation of its order's rest. Return false where a record no |
//| longer exists; continue until Done.                              |
//+------------------------------------------------------------------+
bool CSnapshot::Next(SReport &report)
  {
   int index=m_next;
   m_next++;
   if(index<ArraySize(m_deals))
      return(DealReport(m_deals[index],report));
   index-=ArraySize(m_deals);
   if(index<ArraySize(m_orders))
      return(DoneOrderReport(m_orders[index],report));
   index-=ArraySize(m_orders);
   if(index>=ArraySize(m_live))
      return(false);
   report=m_live[index];
   return(true);
  }
//+------------------------------------------------------------------+
//| Return whether all records were read.                            |
//+------------------------------------------------------------------+
bool CSnapshot::Done(void) const
  {
   return(m_next>=ArraySize(m_orders)+ArraySize(m_deals)+ArraySize(m_live));
  }
//+------------------------------------------------------------------+
//| Return the start of the history.                                 |
//+------------------------------------------------------------------+
long CSnapshot::FromMs(void) const
  {
   return(m_from_ms);
  }
//+------------------------------------------------------------------+
//| Return the server time of the snapshot.                          |
//+------------------------------------------------------------------+
long CSnapshot::ToMs(void) const
  {
   return(m_to_ms);
  }
//+------------------------------------------------------------------+
//| Return the number of deals.                                      |
//+------------------------------------------------------------------+
int CSnapshot::Deals(void) const
  {
   return(ArraySize(m_deals));
  }
//+------------------------------------------------------------------+
//| Return the number of orders, done and live.                      |
//+------------------------------------------------------------------+
int CSnapshot::Orders(void) const
  {
   return(ArraySize(m_orders)+m_live_orders);
  }
//+------------------------------------------------------------------+
//| Read the identifiers of all positions.                           |
//+------------------------------------------------------------------+
void CSnapshot::Positions(long &identifiers[]) const
  {
   ArrayResize(identifiers,ArraySize(m_positions));
   for(int i=0; i<ArraySize(m_positions); i++)
      identifiers[i]=m_positions[i];
  }
//+------------------------------------------------------------------+
//| Read the tickets of all live orders.                             |
//+------------------------------------------------------------------+
void CSnapshot::LiveOrders(long &tickets[]) const
  {
   ArrayResize(tickets,m_live_orders);
   for(int i=0; i<m_live_orders; i++)
      tickets[i]=(long)m_tickets[i];
  }
//+------------------------------------------------------------------+
