//+------------------------------------------------------------------+
//|                                                 ReportOutbox.mqh |
//| Reports on their way to the sidecar: kept until it has them in its |
//| journal, numbered 1, 2, 3, ... in each epoch. At most REPORT_WINDOW|
//| are under way without an acknowledgement; the rest wait.         |
//+------------------------------------------------------------------+
#include "MessagesOut.mqh"

#define REPORT_WINDOW 256
#define REPORT_EXCERPT 80             // characters of a report that was lost
#define REPORTS_MAX 16384           // that may wait; only a link that is down for long lets so many pile up
//+------------------------------------------------------------------+
//| Reports in the order in which they were posted                   |
//+------------------------------------------------------------------+
class CReportOutbox
  {
private:
   string            m_reports[];  // those under way, then those that wait
   int               m_first;    // where they start
   int               m_end;      // behind the last one
   int               m_in_flight;   // how many are under way
   long              m_acked;
   long              m_dropped;
   long              m_alarmed;     // of those dropped
   string            m_lost;     // the beginning of the last one

   void              Drop(const string report);
   void              DropAt(const int index);

public:
                     CReportOutbox(void);
   int               Count(void) const;
   long              Sent(void) const;
   string            TakeAlarm(void);
   int               Room(void) const;
   void              Post(const string report);
   void              Restart(void);
   void              Clear(void);
   bool              Release(const long epoch,const int max_bytes,string &frame);
   bool              Ack(const long seq);
  };
//+------------------------------------------------------------------+
//| Nothing to tell                                                  |
//+------------------------------------------------------------------+
CReportOutbox::CReportOutbox(void)
  {
   m_dropped=0;
   m_alarmed=0;
   m_lost="";
   Clear();
  }
//+------------------------------------------------------------------+
//| How many reports are not acknowledged                            |
//+------------------------------------------------------------------+
int CReportOutbox::Count(void) const
  {
   return(m_end-m_first);
  }
//+------------------------------------------------------------------+
//| The highest number that went out in this epoch; 0: none          |
//+------------------------------------------------------------------+
long CReportOutbox::Sent(void) const
  {
   return(m_acked+m_in_flight);
  }
//+------------------------------------------------------------------+
//| That reports fitted no frame or no memory: errors of ours, which a |
//| person must hear of. Empty where there is nothing new, and while |
//| there is no place for one report more.                           |
//+------------------------------------------------------------------+
string CReportOutbox::TakeAlarm(void)
  {
   if(m_dropped==m_alarmed || Count()>=REPORTS_MAX)
      return("");
   m_alarmed=m_dropped;
   return(IntegerToString(m_dropped)+" reports could not be told since the program was loaded: compare the account with the"
          +" journal. The last one began with "+m_lost);
  }
//+------------------------------------------------------------------+
//| A report is lost                                                 |
//+------------------------------------------------------------------+
void CReportOutbox::Drop(const string report)
  {
   m_dropped++;
   m_lost=StringSubstr(report,0,REPORT_EXCERPT);
  }
//+------------------------------------------------------------------+
//| How many more would go out at once. Who has many asks first.     |
//+------------------------------------------------------------------+
int CReportOutbox::Room(void) const
  {
   int room=REPORT_WINDOW-Count();
   return((room>0) ? room : 0);
  }
//+------------------------------------------------------------------+
//| Put a report at the end                                          |
//+------------------------------------------------------------------+
void CReportOutbox::Post(const string report)
  {
   if(Count()>=REPORTS_MAX)
     {
      Drop(report);
      return;
     }
   if(m_first>REPORT_WINDOW && 2*m_first>m_end)
     {
      for(int i=m_first; i<m_end; i++)
         m_reports[i-m_first]=m_reports[i];
      m_end-=m_first;
      m_first=0;
     }
   if(m_end>=ArraySize(m_reports))
      ArrayResize(m_reports,2*m_end+64);
   m_reports[m_end]=report;
   m_end++;
  }
//+------------------------------------------------------------------+
//| A new epoch: what is not acknowledged goes again, from number 1  |
//+------------------------------------------------------------------+
void CReportOutbox::Restart(void)
  {
   m_in_flight=0;
   m_acked=0;
  }
//+------------------------------------------------------------------+
//| Forget everything: another account's reports are not this session's|
//+------------------------------------------------------------------+
void CReportOutbox::Clear(void)
  {
   ArrayFree(m_reports);
   m_first=0;
   m_end=0;
   Restart();
  }
//+------------------------------------------------------------------+
//| Take a report out of its place among those that wait             |
//+------------------------------------------------------------------+
void CReportOutbox::DropAt(const int index)
  {
   Drop(m_reports[index]);
   for(int i=index; i+1<m_end; i++)
      m_reports[i]=m_reports[i+1];
   m_end--;
  }
//+------------------------------------------------------------------+
//| The next message that may go out; false where the window is full |
//| or nothing waits                                                 |
//+------------------------------------------------------------------+
bool CReportOutbox::Release(const long epoch,const int max_bytes,string &frame)
  {
   while(m_in_flight<REPORT_WINDOW && m_in_flight<Count())
     {
      uchar bytes[];
      frame=ReportMessage(epoch,Sent()+1,m_reports[m_first+m_in_flight]);
      if(TextToUtf8(frame,bytes)<=max_bytes)
        {
         m_in_flight++;
         return(true);
        }
      DropAt(m_first+m_in_flight);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| All up to this number are in the journal; false where no report of |
//| that number ever went out                                        |
//+------------------------------------------------------------------+
bool CReportOutbox::Ack(const long seq)
  {
   if(seq>Sent())
      return(false);
   while(m_acked<seq)
     {
      m_reports[m_first]="";
      m_first++;
      m_in_flight--;
      m_acked++;
     }
   return(true);
  }
//+------------------------------------------------------------------+
