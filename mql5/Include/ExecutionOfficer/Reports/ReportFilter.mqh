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
class CSight
  {
private:
   CLinkSession     *m_session;
   CMemory           m_said;
   long              m_looks;

public:
                     CSight(void);
   void              Load(CLinkSession &session);
   void              Clear(void);
   int               Remembered(void) const { return(m_said.Count()); }
   long              Look(void);
   bool              Report(const SReport &report,const long look,const bool everything);
   void              Tell(const SReport &reports[]);
   void              Forget(const long before_look) { m_said.Forget(before_look); }
  };
//+------------------------------------------------------------------+
//| Of no session                                                    |
//+------------------------------------------------------------------+
CSight::CSight(void)
  {
   m_session=NULL;
   m_looks=0;
  }
//+------------------------------------------------------------------+
//| A load of the program                                            |
//+------------------------------------------------------------------+
void CSight::Load(CLinkSession &session)
  {
   m_session=GetPointer(session);
   Clear();
  }
//+------------------------------------------------------------------+
//| Nothing was said                                                 |
//+------------------------------------------------------------------+
void CSight::Clear(void)
  {
   m_said.Clear();
  }
//+------------------------------------------------------------------+
//| The number of a look that is taken now                           |
//+------------------------------------------------------------------+
long CSight::Look(void)
  {
   m_looks++;
   return(m_looks);
  }
//+------------------------------------------------------------------+
//| Post what a look has seen, if it is news, or `everything` is     |
//| wanted; true where it was posted                                 |
//+------------------------------------------------------------------+
bool CSight::Report(const SReport &report,const long look,const bool everything)
  {
   ENUM_NOTED noted=m_said.Note(report.key,report.json,look);
   if(noted==NOTED_OLD || (noted==NOTED_KNOWN && !everything))
      return(false);
   m_session.Post(report.json);
   return(true);
  }
//+------------------------------------------------------------------+
//| Post how something stands now, out of turn                       |
//+------------------------------------------------------------------+
void CSight::Tell(const SReport &reports[])
  {
   long look=Look();
   for(int i=0; i<ArraySize(reports); i++)
      Report(reports[i],look,true);
  }
//+------------------------------------------------------------------+
