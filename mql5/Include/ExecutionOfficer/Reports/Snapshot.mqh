//+------------------------------------------------------------------+
//|                                                     Snapshot.mqh |
//| The broker's records at one moment: what is open as reports, what|
//| is history as tickets, to be read in portions.                   |
//+------------------------------------------------------------------+
#include "OrderSearch.mqh"

#define SNAPSHOT_ATTEMPTS 3
//+------------------------------------------------------------------+
//| The records from a server time on                                |
//+------------------------------------------------------------------+
class CSnapshot
  {
private:
   ulong             m_orders[];     // done orders
   ulong             m_deals[];
   SReport             m_live[];       // live orders, then positions
   ulong             m_tickets[];    // of the live orders
   int               m_live_orders;
   long              m_positions[];  // identifiers
   string            m_position_state;        // what positions there are, and how large
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
   bool              Next(SReport &report);
   bool              Done(void) const;
   long              FromMs(void) const;
   long              ToMs(void) const;
   int               Deals(void) const;
   int               Orders(void) const;
   void              Positions(long &identifiers[]) const;
  };
//+------------------------------------------------------------------+
//| Of no moment                                                     |
//+------------------------------------------------------------------+
CSnapshot::CSnapshot(void)
  {
   Clear();
  }
//+------------------------------------------------------------------+
//| Of no moment again                                               |
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
//| Look at everything, with history and positions of one moment:    |
//| the terminal's lists change while we read. False where the       |
//| broker is away, or went away meanwhile: what came may then be an |
//| older picture, while server time ran on.                         |
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
//| The live orders as they are now                                  |
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
//| The positions as they are now, behind the live orders            |
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
      m_position_state+=IntegerToString(identifier)+"="+DecimalText(PositionGetDouble(POSITION_VOLUME))+";";
      count++;
     }
   ArrayResize(m_live,m_live_orders+count);
   ArrayResize(m_positions,count);
  }
//+------------------------------------------------------------------+
//| The tickets of what is history                                   |
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
//| An order that was done since the live ones were read stands among|
//| the done ones                                                    |
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
//| Make the history that is still to be read the selected one. It   |
//| is to be called before Next in each timer call.                  |
//+------------------------------------------------------------------+
bool CSnapshot::Select(void) const
  {
   return(m_next>=ArraySize(m_orders)+ArraySize(m_deals) || SelectHistory(m_from_ms));
  }
//+------------------------------------------------------------------+
//| The next report: deals, done orders, live orders, positions. A   |
//| deal is known before the position that it made, and before the   |
//| word that the rest of its order was cancelled. False where a     |
//| record is not there any more; go on until Done.                  |
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
//| Whether everything was handed out                                |
//+------------------------------------------------------------------+
bool CSnapshot::Done(void) const
  {
   return(m_next>=ArraySize(m_orders)+ArraySize(m_deals)+ArraySize(m_live));
  }
//+------------------------------------------------------------------+
//| Where the history in it starts                                   |
//+------------------------------------------------------------------+
long CSnapshot::FromMs(void) const
  {
   return(m_from_ms);
  }
//+------------------------------------------------------------------+
//| The server time of the look                                      |
//+------------------------------------------------------------------+
long CSnapshot::ToMs(void) const
  {
   return(m_to_ms);
  }
//+------------------------------------------------------------------+
//| How many deals                                                   |
//+------------------------------------------------------------------+
int CSnapshot::Deals(void) const
  {
   return(ArraySize(m_deals));
  }
//+------------------------------------------------------------------+
//| How many orders, done and live                                   |
//+------------------------------------------------------------------+
int CSnapshot::Orders(void) const
  {
   return(ArraySize(m_orders)+m_live_orders);
  }
//+------------------------------------------------------------------+
//| The identifiers of all positions                                 |
//+------------------------------------------------------------------+
void CSnapshot::Positions(long &identifiers[]) const
  {
   ArrayResize(identifiers,ArraySize(m_positions));
   for(int i=0; i<ArraySize(m_positions); i++)
      identifiers[i]=m_positions[i];
  }
//+------------------------------------------------------------------+
