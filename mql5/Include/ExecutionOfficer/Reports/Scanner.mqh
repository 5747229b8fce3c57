//+------------------------------------------------------------------+
//|                                                      Scanner.mqh |
//| Scanner: post everything after a welcome, then whatever is new   |
//| or changed.                                                      |
//|                                                                  |
//|   full scan   after each welcome, from the sidecar's watermark   |
//|               less the overlap: every record is posted           |
//|   rescan      every RESCAN_MS, and when the broker has connected:|
//|               records that this load has not posted yet          |
//|   change scan CHANGE_SCAN_MS after a quick scan met a change, or |
//|               when the sidecar asks: the same, with the history  |
//|               since the last scan                                |
//|   quick scan  every QUICK_SCAN_MS, and at once after a trade     |
//|               transaction: live orders, positions, the last      |
//|               minute of history                                  |
//|                                                                  |
//| A history of more than WALK_RECORDS_MIN records is walked        |
//| through in windows of time before the snapshot of its last       |
//| minutes is read; quick scans continue during a walk, except a    |
//| full scan's.                                                     |
//|                                                                  |
//| All but quick scans end with a report of their own, which moves  |
//| the watermark. Transactions only make a quick scan come sooner:  |
//| MetaTrader guarantees neither their order nor their arrival, so  |
//| nothing is read from them. Reports are posted in portions,       |
//| whatever the length of the history.                              |
//+------------------------------------------------------------------+
#include "HistoryWalk.mqh"
#include "LedgerReport.mqh"
#include "ReportFilter.mqh"
#include "ScanChanges.mqh"
#include "ScanRanges.mqh"
#include "Snapshot.mqh"

#define QUICK_SCAN_MS 250
#define RESCAN_MS 60000
#define SCAN_RECORDS_PER_CALL 256          // records in one timer call
#define WALK_RECORDS_MIN 2048            // a history of fewer records is read at once
#define SCAN_POSITIONS_MAX 2048  // a shortened list would mean that the others are closed

enum ENUM_SCAN_KIND
  {
   SCAN_KIND_NONE,
   SCAN_KIND_LEDGER, // entries of the ledger beyond the sidecar's mark
   SCAN_KIND_FULL,
   SCAN_KIND_RESCAN,
   SCAN_KIND_CHANGE,
   SCAN_KIND_QUICK
  };

enum ENUM_SCAN_STAGE
  {
   SCAN_STAGE_WALK,          // walk through a long history; then the snapshot is taken
   SCAN_STAGE_QUICK_IN_WALK, // a quick scan; the walk continues after it
   SCAN_STAGE_SNAPSHOT
  };
//+------------------------------------------------------------------+
//| Comparison of the broker's records with the posted reports.      |
//+------------------------------------------------------------------+
class CScanner
  {
private:
   CLinkSession     *m_session;
   CLedgerReport     m_ledger;
   CReportFilter    *m_filter;
   CSnapshot         m_snapshot;
   CHistoryWalk      m_walk;
   CScanChanges      m_changes;
   CScanRanges       m_ranges;
   ENUM_SCAN_KIND    m_kind;               // the scan under way
   ENUM_SCAN_STAGE   m_stage;              // of it
   bool              m_walked_since_quick; // since the last quick scan during the walk
   long              m_reading;            // number of the snapshot's reading
   long              m_scan_reading;       // number of the scan's first reading
   long              m_scan_from_ms;
   long              m_tail_ms;            // end of the walk and start of the snapshot
   int               m_retaken;            // snapshots of this scan that were not current any more
   bool              m_welcomed;           // a full scan is due
   long              m_counter;
   long              m_next_quick_ms;
   long              m_next_scan_ms;
   string            m_alarm;

   int               ReportWalk(const int room);
   int               ReportSnapshot(const int room);
   bool              Take(const long from_ms);
   void              QuickScanInWalk(const long mono_ms);
   int               Portion(const int room,const long mono_ms);
   void              StartNext(const long mono_ms);
   bool              Start(const ENUM_SCAN_KIND kind,const long from_ms,const long mono_ms);
   void              End(void);

public:
                     CScanner(void);
   void              Load(CLinkSession &session,CLedger &ledger,CReportFilter &filter);
   int               Remembered(void) const { return(m_filter.Remembered()); }
   void              Forget(void);
   void              Begin(const SWelcome &welcome);
   void              RescanNow(const long mono_ms);
   void              ScanSoon(void);
   void              RequestScan(void);
   void              Step(const long mono_ms);
   string            TakeAlarm(void);
  };
//+------------------------------------------------------------------+
//| Create it without a session.                                     |
//+------------------------------------------------------------------+
CScanner::CScanner(void)
  {
   m_session=NULL;
   m_filter=NULL;
   m_kind=SCAN_KIND_NONE;
   m_stage=SCAN_STAGE_WALK;
   m_welcomed=false;
   m_counter=0;
  }
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CScanner::Load(CLinkSession &session,CLedger &ledger,CReportFilter &filter)
  {
   m_session=GetPointer(session);
   m_ledger.Load(session,ledger);
   m_filter=GetPointer(filter);
   m_changes.Load();
   m_ranges.Load();
   Forget();
   m_reading=0;
   m_scan_reading=0;
   m_scan_from_ms=0;
   m_tail_ms=0;
   m_retaken=0;
   m_walked_since_quick=false;
   m_stage=SCAN_STAGE_WALK;
   m_counter=0;
   m_next_quick_ms=0;
   m_next_scan_ms=0;
   m_alarm="";
  }
//+------------------------------------------------------------------+
//| Forget the posted reports: they are another account's.           |
//+------------------------------------------------------------------+
void CScanner::Forget(void)
  {
   m_filter.Clear();
   m_snapshot.Clear();
   m_walk.Clear();
   m_changes.Clear();
   m_ranges.Forget();
   m_kind=SCAN_KIND_NONE;
   m_welcomed=false;
  }
//+------------------------------------------------------------------+
//| Begin a session: post the ledger beyond its mark, then           |
//| everything. A scan under way is dropped.                         |
//+------------------------------------------------------------------+
void CScanner::Begin(const SWelcome &welcome)
  {
   m_ranges.Begin(welcome.watermark_server_ms,welcome.overlap_ms);
   m_welcomed=true;
   m_ledger.Begin(welcome.ledger_mark);
   m_walk.Clear();
   m_kind=SCAN_KIND_LEDGER;
  }
//+------------------------------------------------------------------+
//| Rescan with the next step: the broker was disconnected.          |
//+------------------------------------------------------------------+
void CScanner::RescanNow(const long mono_ms)
  {
   m_next_scan_ms=mono_ms;
   m_next_quick_ms=mono_ms;
   m_ranges.RescanEarly(mono_ms);
  }
//+------------------------------------------------------------------+
//| Scan with the next step: a trade transaction came.               |
//+------------------------------------------------------------------+
void CScanner::ScanSoon(void)
  {
   m_next_quick_ms=LONG_MIN;
  }
//+------------------------------------------------------------------+
//| Scan with one of the next steps: the sidecar asks for it.        |
//+------------------------------------------------------------------+
void CScanner::RequestScan(void)
  {
   m_changes.Request();
  }
//+------------------------------------------------------------------+
//| Do a bounded amount of work. Only in a session, with the broker  |
//| connected.                                                       |
//+------------------------------------------------------------------+
void CScanner::Step(const long mono_ms)
  {
   int room=m_session.Room();
   if(room<=0)
      return;
   if(m_kind==SCAN_KIND_LEDGER)
     {
      room-=m_ledger.Portion(SCAN_RECORDS_PER_CALL,room);
      if(m_ledger.Done())
         m_kind=SCAN_KIND_NONE;
     }
   else if(m_kind!=SCAN_KIND_NONE)
      room-=Portion(room,mono_ms);
   // Reading the lists is the rest of this call's work.
   if(m_kind==SCAN_KIND_NONE && room>0)
      StartNext(mono_ms);
  }
//+------------------------------------------------------------------+
//| Post a portion of the scan; return the number of posted reports. |
//+------------------------------------------------------------------+
int CScanner::Portion(const int room,const long mono_ms)
  {
   if(m_stage!=SCAN_STAGE_WALK)
      return(ReportSnapshot(room));
   // A full scan posts everything in its order first.
   if(m_kind!=SCAN_KIND_RESCAN || !m_walked_since_quick || mono_ms<m_next_quick_ms)
      return(ReportWalk(room));
   QuickScanInWalk(mono_ms);
   return(0);
  }
//+------------------------------------------------------------------+
//| Post a portion of the walk; return the number of posted reports. |
//| At its end the snapshot of the rest is taken.                    |
//+------------------------------------------------------------------+
int CScanner::ReportWalk(const int room)
  {
   SReport report;
   int posted=0;
   m_walk.NextCall();
   for(int i=0; i<SCAN_RECORDS_PER_CALL && posted<room && m_walk.Walking(); i++)
      if(m_walk.Next(report) && m_filter.Report(report,m_scan_reading,m_kind==SCAN_KIND_FULL))
         posted++;
   m_walked_since_quick=true;
   // While the broker is disconnected, the next step tries again.
   if(!m_walk.Walking() && Take(m_tail_ms))
     {
      m_stage=SCAN_STAGE_SNAPSHOT;
      if(m_kind!=SCAN_KIND_QUICK)
         m_changes.Note(m_snapshot,m_filter.Posted());
     }
   return(posted);
  }
//+------------------------------------------------------------------+
//| Post a portion of the snapshot; return the number of posted      |
//| reports.                                                         |
//+------------------------------------------------------------------+
int CScanner::ReportSnapshot(const int room)
  {
   SReport report;
   int posted=0;
   if(!m_snapshot.Current() && m_retaken<SNAPSHOT_ATTEMPTS)
     {
      m_retaken++;
      m_stage=SCAN_STAGE_WALK; // at its end another is taken
      return(0);
     }
   if(!m_snapshot.Select())
      return(0);
   for(int i=0; i<SCAN_RECORDS_PER_CALL && posted<room; i++)
     {
      if(m_snapshot.Done() && m_stage==SCAN_STAGE_QUICK_IN_WALK)
        {
         m_stage=SCAN_STAGE_WALK;
         break;
        }
      if(m_snapshot.Done())
        {
         if(m_kind==SCAN_KIND_QUICK)
            m_changes.Compare(m_snapshot);
         else
           {
            End();
            posted++;
           }
         m_kind=SCAN_KIND_NONE;
         break;
        }
      if(!m_snapshot.Next(report))
         continue;
      // After a welcome everything, posted before or not: the journal may have been restored from a backup.
      if(!m_filter.Report(report,m_reading,m_kind==SCAN_KIND_FULL))
         continue;
      posted++;
      if(m_kind!=SCAN_KIND_QUICK && m_stage==SCAN_STAGE_SNAPSHOT)
         m_changes.NotePost();
     }
   return(posted);
  }
//+------------------------------------------------------------------+
//| Start the scan that is due.                                      |
//+------------------------------------------------------------------+
void CScanner::StartNext(const long mono_ms)
  {
   if(m_welcomed)
     {
      if(!Start(SCAN_KIND_FULL,m_ranges.Full(),mono_ms))
         return;
      m_welcomed=false;
      m_ranges.RescanEarly(mono_ms);
     }
   else if(mono_ms>=m_next_scan_ms)
     {
      if(Start(SCAN_KIND_RESCAN,m_ranges.Rescan(mono_ms),mono_ms))
         m_ranges.Started(mono_ms);
     }
   else if(m_changes.ScanDue(m_filter.Posted(),mono_ms))
      Start(SCAN_KIND_CHANGE,m_ranges.Change(),mono_ms);
   else if(mono_ms>=m_next_quick_ms)
      Start(SCAN_KIND_QUICK,m_ranges.Quick(),mono_ms);
  }
//+------------------------------------------------------------------+
//| Start a scan; return false while the broker is disconnected. The |
//| next step tries again.                                           |
//+------------------------------------------------------------------+
bool CScanner::Start(const ENUM_SCAN_KIND kind,const long from_ms,const long mono_ms)
  {
   if(ServerMs()<=0 || !BrokerConnected())
      return(false);
   m_walk.Clear();
   m_stage=SCAN_STAGE_WALK;
   m_retaken=0;
   m_tail_ms=from_ms;
   if(kind!=SCAN_KIND_QUICK)
      m_scan_from_ms=from_ms;
   if(kind!=SCAN_KIND_QUICK && kind!=SCAN_KIND_CHANGE)
     {
      m_scan_reading=m_filter.NextReading();
      if(!SelectHistory(from_ms))
         return(false);
      long tail_ms=m_ranges.Tail();
      if(HistoryOrdersTotal()+HistoryDealsTotal()>WALK_RECORDS_MIN && tail_ms>from_ms)
        {
         // The walk and the selection count in seconds.
         m_tail_ms=tail_ms/1000*1000;
         m_walk.Start(from_ms,m_tail_ms);
        }
     }
   if(!m_walk.Walking())
     {
      if(!Take(from_ms))
         return(false);
      m_stage=SCAN_STAGE_SNAPSHOT;
      if(kind!=SCAN_KIND_QUICK)
         m_changes.Note(m_snapshot,m_filter.Posted());
     }
   m_kind=kind;
   m_next_quick_ms=mono_ms+QUICK_SCAN_MS;
   if(kind==SCAN_KIND_QUICK)
      return(true);
   m_changes.Started(mono_ms);
   if(kind!=SCAN_KIND_CHANGE)
      m_next_scan_ms=mono_ms+RESCAN_MS;
   return(true);
  }
//+------------------------------------------------------------------+
//| Take a snapshot; return false where the broker disconnected      |
//| meanwhile.                                                       |
//+------------------------------------------------------------------+
bool CScanner::Take(const long from_ms)
  {
   if(!m_snapshot.Take(from_ms))
      return(false);
   m_reading=m_filter.NextReading();
   return(true);
  }
//+------------------------------------------------------------------+
//| Take a quick scan's snapshot during a walk.                      |
//+------------------------------------------------------------------+
void CScanner::QuickScanInWalk(const long mono_ms)
  {
   m_next_quick_ms=mono_ms+QUICK_SCAN_MS;
   m_walked_since_quick=false;
   if(Take(m_ranges.Quick()))
      m_stage=SCAN_STAGE_QUICK_IN_WALK;
  }
//+------------------------------------------------------------------+
//| Post the end of a scan. All its reports were posted.             |
//+------------------------------------------------------------------+
void CScanner::End(void)
  {
   long positions[];
   long live_orders[];
   m_snapshot.Positions(positions);
   m_snapshot.LiveOrders(live_orders);
   if(ArraySize(positions)>SCAN_POSITIONS_MAX)
     {
      if(m_kind!=SCAN_KIND_CHANGE)
         m_alarm="more than "+IntegerToString(SCAN_POSITIONS_MAX)+" positions are open: the scan cannot be reported. Close positions";
      return;
     }
   m_ranges.Moved(m_snapshot.ToMs());
   if(m_kind!=SCAN_KIND_CHANGE)
      m_filter.Forget(m_ranges.Ended(m_scan_from_ms,m_scan_reading));
   m_counter++;
   m_session.Post(ScanReport(m_session.InstanceId(),m_counter,m_scan_from_ms,m_snapshot.ToMs(),m_walk.Deals()+m_snapshot.Deals(),
                           m_walk.Orders()+m_snapshot.Orders(),positions,live_orders));
  }
//+------------------------------------------------------------------+
//| Take the alarm that requires action; empty where there is none.  |
//+------------------------------------------------------------------+
string CScanner::TakeAlarm(void)
  {
   string alarm=m_alarm;
   m_alarm="";
   return(alarm);
  }
//+------------------------------------------------------------------+
