//+------------------------------------------------------------------+
//|                                                 LedgerReport.mqh |
//| Reports of the ledger's entries beyond the mark of the sidecar,  |
//| in portions.                                                     |
//+------------------------------------------------------------------+
#include "..\Ledger\Ledger.mqh"
#include "..\Link\LinkSession.mqh"
#include "CommandReports.mqh"
//+------------------------------------------------------------------+
//| Entries from the first to the last.                              |
//+------------------------------------------------------------------+
class CLedgerReport
  {
private:
   CLinkSession     *m_session;
   CLedger          *m_ledger;
   int               m_entry; // index of the next entry
   long              m_mark;  // last mark of the sidecar
   bool              m_done;

public:
                     CLedgerReport(void);
   void              Load(CLinkSession &session,CLedger &ledger);
   void              Begin(const long mark);
   bool              Done(void) const { return(m_done); }
   int               Portion(const int most,const int room);
  };
//+------------------------------------------------------------------+
//| Create it without a session.                                     |
//+------------------------------------------------------------------+
CLedgerReport::CLedgerReport(void)
  {
   m_session=NULL;
   m_ledger=NULL;
   m_done=true;
  }
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CLedgerReport::Load(CLinkSession &session,CLedger &ledger)
  {
   m_session=GetPointer(session);
   m_ledger=GetPointer(ledger);
   Begin(0);
   m_done=true;
  }
//+------------------------------------------------------------------+
//| Start a session: report everything beyond the mark.              |
//+------------------------------------------------------------------+
void CLedgerReport::Begin(const long mark)
  {
   m_entry=0;
   m_mark=mark;
   m_done=false;
  }
//+------------------------------------------------------------------+
//| Read a number of entries; return the number of posted reports.   |
//+------------------------------------------------------------------+
int CLedgerReport::Portion(const int most,const int room)
  {
   SLedgerEntry entry;
   int posted=0;
   for(int i=0; i<most && posted<room; i++)
     {
      if(!m_ledger.At(m_entry,entry))
        {
         m_done=true;
         break;
        }
      m_entry++;
      if(entry.mark<=m_mark)
         continue;
      m_session.Post(SubmittedReport(entry,m_ledger.OrderText(entry)));
      posted++;
      if(entry.concluded)
        {
         m_session.Post(ResultReport(entry));
         posted++;
        }
     }
   return(posted);
  }
//+------------------------------------------------------------------+
