//+------------------------------------------------------------------+
//|                                                  HistoryWalk.mqh |
//| A walk through a long history in portions: first all deals, then |
//| all done orders, in windows of time that are narrowed where they |
//| hold many records. A window's last second belongs to the next    |
//| window: whether a selection includes the whole of its last       |
//| second is not documented.                                        |
//+------------------------------------------------------------------+
#include "OrderSearch.mqh"

#define WALK_SELECTS_MAX 8            // selections of the history in one timer call
#define WALK_WINDOW_MAX 512            // records in a window before it is narrowed
#define WALK_WIDTH_S 86400
#define WALK_WIDTH_MAX_S 33554432    // about a year
//+------------------------------------------------------------------+
//| A walk from one server time to another.                          |
//+------------------------------------------------------------------+
class CHistoryWalk
  {
private:
   bool              m_walking;
   bool              m_orders;  // the second pass
   long              m_from_s;
   long              m_until_s; // excluded
   long              m_at_s;    // the window's first second
   long              m_width_s;
   int               m_index;   // in the window
   int               m_total;   // in the window
   int               m_selects;
   bool              m_failed;  // the history could not be selected
   int               m_deals_read;
   int               m_orders_read;

   void              Rewind(const bool orders);
   bool              SelectWindow(void);
   void              NextWindow(void);

public:
                     CHistoryWalk(void);
   void              Clear(void);
   void              Start(const long from_ms,const long until_ms);
   bool              Walking(void) const { return(m_walking); }
   bool              InOrders(void) const { return(m_orders); }
   bool              Failed(void) const { return(m_failed); }
   int               Deals(void) const { return(m_deals_read); }
   int               Orders(void) const { return(m_orders_read); }
   void              NextCall(void);
   bool              NextTicket(ulong &ticket);
   bool              Next(SReport &report);
  };
//+------------------------------------------------------------------+
//| Create it without a range.                                       |
//+------------------------------------------------------------------+
CHistoryWalk::CHistoryWalk(void)
  {
   Clear();
  }
//+------------------------------------------------------------------+
//| End the walk.                                                    |
//+------------------------------------------------------------------+
void CHistoryWalk::Clear(void)
  {
   m_walking=false;
   m_deals_read=0;
   m_orders_read=0;
   m_selects=0;
   m_failed=false;
   m_from_s=0;
   m_until_s=0;
   Rewind(false);
  }
//+------------------------------------------------------------------+
//| Start a walk. Both times are the broker's; the end is excluded.  |
//+------------------------------------------------------------------+
void CHistoryWalk::Start(const long from_ms,const long until_ms)
  {
   Clear();
   m_from_s=from_ms/1000;
   m_until_s=until_ms/1000;
   m_walking=(m_from_s<m_until_s);
   Rewind(false);
  }
//+------------------------------------------------------------------+
//| Return to the first window of a pass.                            |
//+------------------------------------------------------------------+
void CHistoryWalk::Rewind(const bool orders)
  {
   m_orders=orders;
   m_at_s=m_from_s;
   m_width_s=WALK_WIDTH_S;
   m_index=0;
   m_total=-1;
  }
//+------------------------------------------------------------------+
//| Start a timer call: the selected history may be another one      |
//| since the last call.                                             |
//+------------------------------------------------------------------+
void CHistoryWalk::NextCall(void)
  {
   m_selects=0;
   m_failed=false;
   m_total=-1;
  }
//+------------------------------------------------------------------+
//| Select the window, narrowed until it has few records; return     |
//| false where that continues in another timer call.                |
//+------------------------------------------------------------------+
bool CHistoryWalk::SelectWindow(void)
  {
   while(m_selects<WALK_SELECTS_MAX)
     {
      m_selects++;
      long last_s=m_at_s+m_width_s;
      if(last_s>m_until_s)
         last_s=m_until_s;
      if(!HistorySelect((datetime)m_at_s,(datetime)last_s))
        {
         m_failed=true;
         return(false);
        }
      m_total=m_orders ? HistoryOrdersTotal() : HistoryDealsTotal();
      if(m_total<=WALK_WINDOW_MAX || m_width_s<=1 || m_index>0)
         return(true);
      m_width_s/=2;
     }
   m_total=-1;
   return(false);
  }
//+------------------------------------------------------------------+
//| Advance to the next window.                                      |
//+------------------------------------------------------------------+
void CHistoryWalk::NextWindow(void)
  {
   bool empty=(m_total<WALK_WINDOW_MAX/4);
   m_at_s+=m_width_s;
   m_index=0;
   m_total=-1;
   if(empty && m_width_s<WALK_WIDTH_MAX_S)
      m_width_s*=2;
   if(m_at_s<m_until_s)
      return;
   if(m_orders)
      m_walking=false;
   else
      Rewind(true);
  }
//+------------------------------------------------------------------+
//| Step to the next record; return false where there is none at     |
//| this place, or where the timer call is over. Continue while      |
//| Walking. The record's properties can be read by its ticket.      |
//+------------------------------------------------------------------+
bool CHistoryWalk::NextTicket(ulong &ticket)
  {
   if(m_total<0 && !SelectWindow())
      return(false);
   if(m_index>=m_total)
     {
      NextWindow();
      return(false);
     }
   int index=m_index;
   m_index++;
   ticket=m_orders ? HistoryOrderGetTicket(index) : HistoryDealGetTicket(index);
   long time_s=m_orders ? HistoryOrderGetInteger(ticket,ORDER_TIME_DONE) : HistoryDealGetInteger(ticket,DEAL_TIME);
   long end_s=m_at_s+m_width_s;
   if(ticket==0 || time_s==((end_s<m_until_s) ? end_s : m_until_s))
      return(false);
   if(m_orders)
      m_orders_read++;
   else
      m_deals_read++;
   return(true);
  }
//+------------------------------------------------------------------+
//| Read the next record as NextTicket does.                         |
//+------------------------------------------------------------------+
bool CHistoryWalk::Next(SReport &report)
  {
   ulong ticket=0;
   if(!NextTicket(ticket))
      return(false);
   return(m_orders ? DoneOrderReport(ticket,report) : DealReport(ticket,report));
  }
//+------------------------------------------------------------------+
