//+------------------------------------------------------------------+
//|                                                 ReportFilter.mqh |
//| What was seen at the broker, told once. Looks at the broker are  |
//| counted: what an earlier one has seen is not told after what a   |
//| later one has.                                                   |
//+------------------------------------------------------------------+
#include "..\Link\LinkSession.mqh"
#include "BrokerReports.mqh"
#include "ReportHashes.mqh"
//+------------------------------------------------------------------+
//| Of one load of the program                                       |
//+------------------------------------------------------------------+
class CReportFilter
  {
private:
   CLinkSession     *m_session;
   CReportHashes           m_hashes;
   long              m_readings;

public:
                     CReportFilter(void);
   void              Load(CLinkSession &session);
   void              Clear(void);
   int               Remembered(void) const { return(m_hashes.Count()); }
   long              NextReading(void);
   bool              Report(const SReport &report,const long reading,const bool everything);
   void              PostAll(const SReport &reports[]);
   void              Forget(const long before_reading) { m_hashes.Forget(before_reading); }
  };
//+------------------------------------------------------------------+
//| Of no session                                                    |
//+------------------------------------------------------------------+
CReportFilter::CReportFilter(void)
  {
   m_session=NULL;
   m_readings=0;
  }
//+------------------------------------------------------------------+
//| A load of the program                                            |
//+------------------------------------------------------------------+
void CReportFilter::Load(CLinkSession &session)
  {
   m_session=GetPointer(session);
   Clear();
  }
//+------------------------------------------------------------------+
//| Nothing was said                                                 |
//+------------------------------------------------------------------+
void CReportFilter::Clear(void)
  {
   m_hashes.Clear();
  }
//+------------------------------------------------------------------+
//| The number of a look that is taken now                           |
//+------------------------------------------------------------------+
long CReportFilter::NextReading(void)
  {
   m_readings++;
   return(m_readings);
  }
//+------------------------------------------------------------------+
//| Post what a look has seen, if it is news, or `everything` is     |
//| wanted; true where it was posted                                 |
//+------------------------------------------------------------------+
bool CReportFilter::Report(const SReport &report,const long reading,const bool everything)
  {
   ENUM_REPORT_NOVELTY noted=m_hashes.Update(report.key,report.json,reading);
   if(noted==REPORT_OUTDATED || (noted==REPORT_UNCHANGED && !everything))
      return(false);
   m_session.Post(report.json);
   return(true);
  }
//+------------------------------------------------------------------+
//| Post how something stands now, out of turn                       |
//+------------------------------------------------------------------+
void CReportFilter::PostAll(const SReport &reports[])
  {
   long reading=NextReading();
   for(int i=0; i<ArraySize(reports); i++)
      Report(reports[i],reading,true);
  }
//+------------------------------------------------------------------+
