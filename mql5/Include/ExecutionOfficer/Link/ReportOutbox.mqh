//+------------------------------------------------------------------+
//|                                                 ReportOutbox.mqh |
//| Reports to the sidecar: kept until its journal has them, and     |
//| numbered 1, 2, 3, ... in each epoch. At most REPORT_WINDOW are   |
//| sent without an acknowledgement; the others wait.                |
//+------------------------------------------------------------------+
#include "MessagesOut.mqh"

#define REPORT_WINDOW 256
#define REPORT_EXCERPT 80             // characters of a dropped report in the alarm
#define REPORTS_MAX 16384           // reports that may wait, which takes a long time without a session
//+------------------------------------------------------------------+
//| Reports in order.                                                |
//+------------------------------------------------------------------+
class CReportOutbox
  {
private:
   string            m_reports[]; // sent ones without an acknowledgement, then waiting ones
   int               m_first;     // where they start
   int               m_end;       // behind the last one
   int               m_in_flight; // sent without an acknowledgement
   long              m_acked;
   long              m_dropped;
   long              m_alarmed;   // dropped reports in alarms so far
   string            m_lost;      // beginning of the last dropped report

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
//| Create an empty outbox.                                          |
//+------------------------------------------------------------------+
CReportOutbox::CReportOutbox(void)
  {
   m_dropped=0;
   m_alarmed=0;
   m_lost="";
   Clear();
  }
//+------------------------------------------------------------------+
//| Return the number of reports without an acknowledgement.         |
//+------------------------------------------------------------------+
int CReportOutbox::Count(void) const
  {
   return(m_end-m_first);
  }
//+------------------------------------------------------------------+
//| Return the highest number sent in this epoch; 0 for none.        |
//+------------------------------------------------------------------+
long CReportOutbox::Sent(void) const
  {
   return(m_acked+m_in_flight);
  }
//+------------------------------------------------------------------+
//| Take the alarm that reports were dropped, since they exceeded a  |
//| frame or the memory. Empty where there is nothing new, and while |
//| there is no room for one more report.                            |
//+------------------------------------------------------------------+
string CReportOutbox::TakeAlarm(void)
  {
   if(m_dropped==m_alarmed || Count()>=REPORTS_MAX)
      return("");
   m_alarmed=m_dropped;
   return(IntegerToString(m_dropped)+" reports were dropped since the program was loaded: compare the account with the"
          +" journal. The last one begins with "+m_lost);
  }
//+------------------------------------------------------------------+
//| Count a dropped report.                                          |
//+------------------------------------------------------------------+
void CReportOutbox::Drop(const string report)
  {
   m_dropped++;
   m_lost=StringSubstr(report,0,REPORT_EXCERPT);
  }
//+------------------------------------------------------------------+
//| Return the number of reports that can be sent at once. A         |
//| producer of many asks first.                                     |
//+------------------------------------------------------------------+
int CReportOutbox::Room(void) const
  {
   int room=REPORT_WINDOW-Count();
   return((room>0) ? room : 0);
  }
//+------------------------------------------------------------------+
//| Append a report.                                                 |
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
//| Start an epoch: send reports without an acknowledgement again,   |
//| from number 1.                                                   |
//+------------------------------------------------------------------+
void CReportOutbox::Restart(void)
  {
   m_in_flight=0;
   m_acked=0;
  }
//+------------------------------------------------------------------+
//| Remove all reports: they belong to another account.              |
//+------------------------------------------------------------------+
void CReportOutbox::Clear(void)
  {
   ArrayFree(m_reports);
   m_first=0;
   m_end=0;
   Restart();
  }
//+------------------------------------------------------------------+
//| Drop a report from its place in the queue.                       |
//+------------------------------------------------------------------+
void CReportOutbox::DropAt(const int index)
  {
   Drop(m_reports[index]);
   for(int i=index; i+1<m_end; i++)
      m_reports[i]=m_reports[i+1];
   m_end--;
  }
//+------------------------------------------------------------------+
//| Take the next message to send; return false where the window is  |
//| full or nothing waits.                                           |
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
//| Remove the reports up to a number, which the journal has; return |
//| false where that number was never sent.                          |
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
