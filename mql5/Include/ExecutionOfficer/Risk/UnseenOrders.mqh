//+------------------------------------------------------------------+
//|                                                 UnseenOrders.mqh |
//| Sent OPENs that are not in the terminal's lists yet. OrderSend   |
//| returns when the server has answered; order and position may     |
//| enter the lists later. Until then, and for UNSEEN_MS at most,    |
//| they count towards the exposure.                                 |
//+------------------------------------------------------------------+
#include "..\Link\Records.mqh"

#define UNSEEN_MS 5000            // while the broker is connected
#define UNSEEN_ORDERS_MAX 256           // more OPENs than are sent in that time
//+------------------------------------------------------------------+
//| One sent OPEN.                                                   |
//+------------------------------------------------------------------+
struct SUnseenOrder
  {
   long              client_order_id;
   string            symbol;
   double            lots;
   bool              pending;  // it is seen once it is in the list of live orders
   long              since_ms; // connected since then; 0: disconnected
  };
//+------------------------------------------------------------------+
//| Return whether an open position has the client order id.         |
//+------------------------------------------------------------------+
bool PositionShows(const long client_order_id)
  {
   for(int i=0; i<PositionsTotal(); i++)
      if(PositionGetTicket(i)!=0 && PositionGetInteger(POSITION_MAGIC)==client_order_id)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Return whether a live order has the client order id.             |
//+------------------------------------------------------------------+
bool OrderShows(const long client_order_id)
  {
   for(int i=0; i<OrdersTotal(); i++)
      if(OrderGetTicket(i)!=0 && OrderGetInteger(ORDER_MAGIC)==client_order_id)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Append a client order id to a list.                              |
//+------------------------------------------------------------------+
void AppendClientOrderId(long &client_order_ids[],const long client_order_id)
  {
   int count=ArraySize(client_order_ids);
   ArrayResize(client_order_ids,count+1,64);
   client_order_ids[count]=client_order_id;
  }
//+------------------------------------------------------------------+
//| Unseen orders of one load of the program.                        |
//+------------------------------------------------------------------+
class CUnseenOrders
  {
private:
   SUnseenOrder      m_sent[]; // the oldest first

   void              Drop(const int index);

public:
   void              Clear(void) { ArrayFree(m_sent); }
   void              Put(const SOrder &order);
   void              Update(const long mono_ms,const bool connected);
   bool              Holds(const long client_order_id) const;
   void              Count(const string symbol,const long &shown[],int &count,double &lots) const;
  };
//+------------------------------------------------------------------+
//| Add a sent OPEN that was not refused.                            |
//+------------------------------------------------------------------+
void CUnseenOrders::Put(const SOrder &order)
  {
   if(ArraySize(m_sent)>=UNSEEN_ORDERS_MAX)
      Drop(0);
   int last=ArraySize(m_sent);
   ArrayResize(m_sent,last+1,UNSEEN_ORDERS_MAX);
   m_sent[last].client_order_id=order.client_order_id;
   m_sent[last].symbol=order.symbol;
   m_sent[last].lots=StringToDouble(order.volume);
   m_sent[last].pending=IsPending(order);
   m_sent[last].since_ms=0;
  }
//+------------------------------------------------------------------+
//| Remove orders that are in the lists, or that never come. A       |
//| market order in the list of live orders stays: it leaves that    |
//| list before its position exists.                                 |
//+------------------------------------------------------------------+
void CUnseenOrders::Update(const long mono_ms,const bool connected)
  {
   for(int i=ArraySize(m_sent)-1; i>=0; i--)
     {
      if(!connected)
         m_sent[i].since_ms=0;
      else if(m_sent[i].since_ms==0)
         m_sent[i].since_ms=mono_ms;
      bool over=(connected && mono_ms-m_sent[i].since_ms>=UNSEEN_MS);
      if(over || PositionShows(m_sent[i].client_order_id) || (m_sent[i].pending && OrderShows(m_sent[i].client_order_id)))
         Drop(i);
     }
  }
//+------------------------------------------------------------------+
//| Return whether the position of a client order id may still enter |
//| the lists.                                                       |
//+------------------------------------------------------------------+
bool CUnseenOrders::Holds(const long client_order_id) const
  {
   for(int i=0; i<ArraySize(m_sent); i++)
      if(m_sent[i].client_order_id==client_order_id)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Add the orders that are not among the client order ids of the    |
//| lists.                                                           |
//+------------------------------------------------------------------+
void CUnseenOrders::Count(const string symbol,const long &shown[],int &count,double &lots) const
  {
   for(int i=0; i<ArraySize(m_sent); i++)
     {
      bool shows=(m_sent[i].symbol!=symbol);
      for(int k=0; k<ArraySize(shown) && !shows; k++)
         shows=(shown[k]==m_sent[i].client_order_id);
      if(shows)
         continue;
      count++;
      lots+=m_sent[i].lots;
     }
  }
//+------------------------------------------------------------------+
//| Remove one order.                                                |
//+------------------------------------------------------------------+
void CUnseenOrders::Drop(const int index)
  {
   int last=ArraySize(m_sent)-1;
   for(int i=index; i<last; i++)
      m_sent[i]=m_sent[i+1];
   ArrayResize(m_sent,last,UNSEEN_ORDERS_MAX);
  }
//+------------------------------------------------------------------+
