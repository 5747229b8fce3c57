//+------------------------------------------------------------------+
//|                                                CommandSearch.mqh |
//| Search of the broker's records for a command before it is sent.  |
//| The history is walked in portions, however long it is. A search  |
//| that is repeated for the same command continues: what it has     |
//| read does not change, and only this program sends under the id.  |
//+------------------------------------------------------------------+
#include "HistoryWalk.mqh"

#define SEARCH_RECORDS_PER_CALL 4096
#define SEARCH_EMPTY_MS 60000        // connected for so long, an account without any history is believed
#define SEARCH_OVERLAP_MS 3600000    // of a search that is repeated: the broker's clock may be set back
//+------------------------------------------------------------------+
//| Search for one command at a time.                                |
//+------------------------------------------------------------------+
class CCommandSearch
  {
private:
   CHistoryWalk      m_walk;
   long              m_client_order_id; // 0: none
   long              m_from_ms;
   long              m_until_ms;        // end of the walk; 0: not started
   bool              m_failed;          // the broker could not be searched
   SFound            m_found;           // in the history

   void              Walk(void);
   bool              IsHistoryThere(void) const;

public:
                     CCommandSearch(void);
   void              Clear(void);
   void              Start(const long client_order_id,const long from_ms);
   bool              Step(const long connected_ms);
   bool              Result(const long client_order_id,const long from_ms,SReport &reports[]);
  };
//+------------------------------------------------------------------+
//| Create it without a command.                                     |
//+------------------------------------------------------------------+
CCommandSearch::CCommandSearch(void)
  {
   Clear();
  }
//+------------------------------------------------------------------+
//| Forget the command.                                              |
//+------------------------------------------------------------------+
void CCommandSearch::Clear(void)
  {
   m_walk.Clear();
   m_client_order_id=0;
   m_from_ms=0;
   m_until_ms=0;
   m_failed=false;
   ClearFound(m_found);
  }
//+------------------------------------------------------------------+
//| Start the search in the history from a server time on, or        |
//| continue one for the same command.                               |
//+------------------------------------------------------------------+
void CCommandSearch::Start(const long client_order_id,const long from_ms)
  {
   if(m_client_order_id==client_order_id && m_from_ms==from_ms)
      return;
   Clear();
   m_client_order_id=client_order_id;
   m_from_ms=from_ms;
  }
//+------------------------------------------------------------------+
//| Search a portion; return true once the search has ended, with or |
//| without success. `connected_ms`: time for which the broker has   |
//| been connected without a break.                                  |
//+------------------------------------------------------------------+
bool CCommandSearch::Step(const long connected_ms)
  {
   m_failed=(!BrokerConnected() || ServerMs()<=0);
   if(m_failed)
      return(true);
   if(!m_walk.Walking())
     {
      long from_ms=(m_until_ms>0) ? m_until_ms-SEARCH_OVERLAP_MS : m_from_ms;
      m_until_ms=ServerMs();
      m_walk.Start((from_ms<m_from_ms) ? m_from_ms : from_ms,m_until_ms+1000*HISTORY_AHEAD_S);
     }
   Walk();
   if(m_failed || m_walk.Walking())
      return(m_failed);
   m_failed=(connected_ms<SEARCH_EMPTY_MS && !IsHistoryThere());
   return(true);
  }
//+------------------------------------------------------------------+
//| Return whether the terminal has any history of the account. A    |
//| terminal that has just connected may not have loaded it yet, and |
//| every account has at least the deal of its deposit.              |
//+------------------------------------------------------------------+
bool CCommandSearch::IsHistoryThere(void) const
  {
   if(m_walk.Deals()+m_walk.Orders()>0)
      return(true);
   return(SelectHistory(0) && HistoryDealsTotal()+HistoryOrdersTotal()>0);
  }
//+------------------------------------------------------------------+
//| Read a portion of the history.                                   |
//+------------------------------------------------------------------+
void CCommandSearch::Walk(void)
  {
   m_walk.NextCall();
   for(int i=0; i<SEARCH_RECORDS_PER_CALL && m_walk.Walking() && !m_walk.Failed(); i++)
     {
      ulong ticket=0;
      if(!m_walk.NextTicket(ticket))
         continue;
      if(m_walk.InOrders())
         FindDone(ticket,m_client_order_id,m_found);
      else
         FindDeal(ticket,m_client_order_id,m_found);
     }
   m_failed=m_walk.Failed();
  }
//+------------------------------------------------------------------+
//| Report every record of the command that is live now, or that its |
//| search has found in the history. Return false where the broker   |
//| cannot be searched, or where the search has not ended. `from_ms` |
//| 0: no search in the history.                                     |
//+------------------------------------------------------------------+
bool CCommandSearch::Result(const long client_order_id,const long from_ms,SReport &reports[])
  {
   SFound found;
   ArrayResize(reports,0);
   if(!BrokerConnected())
      return(false);
   bool searched=(from_ms==0);
   if(!searched && m_client_order_id==client_order_id && m_from_ms==from_ms)
     {
      CopyFound(m_found,found);
      searched=(m_until_ms>0 && !m_failed && !m_walk.Walking());
     }
   FindLive(client_order_id,found);
   FindDealsByPosition(client_order_id,true,found);
   JoinFound(found,reports);
   return(ArraySize(reports)>0 || (searched && BrokerConnected()));
  }
//+------------------------------------------------------------------+
