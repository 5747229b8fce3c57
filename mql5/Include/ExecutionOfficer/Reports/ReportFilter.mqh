//+------------------------------------------------------------------+
//|                                                 ReportFilter.mqh |
//| Filter of the broker's reports: each is posted once. Readings of |
//| the broker are numbered, and a report of an earlier reading is   |
//| not posted after one of a later reading.                         |
//+------------------------------------------------------------------+
#include "..\Link\LinkSession.mqh"
#include "BrokerReports.mqh"
#include "ReportHashes.mqh"
//+------------------------------------------------------------------+
//| Filter of one load of the program.                               |
//+------------------------------------------------------------------+
class CReportFilter
  {
private:
   CLinkSession     *m_session;
   CReportHashes     m_hashes;
   long              m_readings;
   long              m_posted;   // reports in this load

public:
                     CReportFilter(void);
   void              Load(CLinkSession &session);
   void              Clear(void);
   int               Remembered(void) const { return(m_hashes.Count()); }
   long              Posted(void) const { return(m_posted); }
   long              NextReading(void);
   bool              Report(const SReport &report,const long reading,const bool everything);
   void              PostAll(const SReport &reports[]);
   void              Forget(const long before_reading) { m_hashes.Forget(before_reading); }
  };
//+------------------------------------------------------------------+
//| Create it without a session.                                     |
//+------------------------------------------------------------------+
CReportFilter::CReportFilter(void)
  {
   m_session=NULL;
   m_readings=0;
   m_posted=0;
  }
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CReportFilter::Load(CLinkSession &session)
  {
   m_session=GetPointer(session);
   m_posted=0;
   Clear();
  }
//+------------------------------------------------------------------+
//| Forget all reports.                                              |
//+------------------------------------------------------------------+
void CReportFilter::Clear(void)
  {
   m_hashes.Clear();
  }
//+------------------------------------------------------------------+
//| Return the number of a new reading.                              |
//+------------------------------------------------------------------+
long CReportFilter::NextReading(void)
  {
   m_readings++;
   return(m_readings);
  }
//+------------------------------------------------------------------+
//| Post a report where it is new or changed, or where `everything`  |
//| is posted; return true where it was posted.                      |
//+------------------------------------------------------------------+
bool CReportFilter::Report(const SReport &report,const long reading,const bool everything)
  {
   ENUM_REPORT_NOVELTY noted=m_hashes.Update(report.key,report.json,reading);
   if(noted==REPORT_OUTDATED || (noted==REPORT_UNCHANGED && !everything))
      return(false);
   m_session.Post(report.json);
   m_posted++;
   return(true);
  }
//+------------------------------------------------------------------+
//| Post reports at once, changed or not.                            |
//+------------------------------------------------------------------+
void CReportFilter::PostAll(const SReport &reports[])
  {
   long reading=NextReading();
   for(int i=0; i<ArraySize(reports); i++)
      Report(reports[i],reading,true);
  }
//+------------------------------------------------------------------+
