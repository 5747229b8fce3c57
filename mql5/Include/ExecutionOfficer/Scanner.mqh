//+------------------------------------------------------------------+
//|                                                      Scanner.mqh |
//| From the broker's records to facts: everything after a welcome,  |
//| then whatever is new or changed.                                 |
//|                                                                  |
//|   full scan  after each welcome, from the sidecar's watermark    |
//|              less the overlap: everything is reported            |
//|   rescan     every RESCAN_MS, and when the broker is back: what  |
//|              this boot has not reported yet                      |
//|   look       every LOOK_MS, sooner on a trade transaction: live  |
//|              orders, positions, the last minute of history       |
//|                                                                  |
//| A scan ends with a fact of its own, which moves the watermark.   |
//| Transactions only make a look come sooner: MetaTrader guarantees |
//| neither their order nor that they come, so nothing is read from  |
//| them. Facts leave in portions, however long the history is.      |
//|                                                                  |
//| Whether the terminal has its history complete when it says that  |
//| it is connected is not known. So for DEEP_MS after each welcome  |
//| and each reconnection rescans go back as far as the full scan.   |
//+------------------------------------------------------------------+
#include "Ledger.mqh"
#include "LinkSession.mqh"
#include "Memory.mqh"
#include "OwnFacts.mqh"
#include "Snapshot.mqh"

#define LOOK_MS 250
#define RESCAN_MS 60000
#define LOOK_BACK_MS 60000        // history that enters later than that is found by the next rescan
#define DEEP_MS 600000
#define SCAN_PORTION 256          // records in one timer call
#define SCAN_POSITIONS_MOST 2048  // a shorter list would say that the others are closed

enum ENUM_SCAN_KIND
  {
   SCAN_KIND_NONE,
   SCAN_KIND_LEDGER,     // what the ledger holds beyond the sidecar's mark
   SCAN_KIND_FULL,
   SCAN_KIND_RESCAN,
   SCAN_KIND_LOOK
  };
//+------------------------------------------------------------------+
//| Compares the broker's records with what this boot has reported   |
//+------------------------------------------------------------------+
class CScanner
  {
private:
   CLinkSession     *m_session;
   CLedger          *m_ledger;
   CMemory           m_said;
   CSnapshot         m_snapshot;
   ENUM_SCAN_KIND    m_kind;         // what is under way
   bool              m_welcomed;     // a full scan is to come
   SWelcome          m_welcome;
   int               m_entry;        // the next one of the ledger's
   long              m_counter;
   long              m_watermark_ms;
   long              m_from_ms;
   long              m_deep_until_ms;
   long              m_next_look_ms;
   long              m_next_scan_ms;
   string            m_alarm;

   long              ScanFrom(const long watermark_ms) const;
   int               ReportLedger(const int room);
   int               ReportSnapshot(const int room);
   void              StartNext(const long mono_ms);
   bool              Start(const ENUM_SCAN_KIND kind,const long from_ms,const long mono_ms);
   void              End(void);

public:
                     CScanner(void);
   void              Load(CLinkSession &session,CLedger &ledger);
   int               Remembered(void) const;
   void              Forget(void);
   void              Begin(const SWelcome &welcome);
   void              Hurry(const long mono_ms);
   void              Hint(void);
   void              Step(const long mono_ms);
   string            TakeAlarm(void);
  };
//+------------------------------------------------------------------+
//| Of no session                                                    |
//+------------------------------------------------------------------+
CScanner::CScanner(void)
  {
   m_session=NULL;
   m_ledger=NULL;
   m_kind=SCAN_KIND_NONE;
   m_welcomed=false;
   m_counter=0;
  }
//+------------------------------------------------------------------+
//| A load of the program                                            |
//+------------------------------------------------------------------+
void CScanner::Load(CLinkSession &session,CLedger &ledger)
  {
   m_session=GetPointer(session);
   m_ledger=GetPointer(ledger);
   m_said.Clear();
   m_snapshot.Clear();
   m_kind=SCAN_KIND_NONE;
   m_welcomed=false;
   m_entry=0;
   m_counter=0;
   m_watermark_ms=0;
   m_from_ms=0;
   m_deep_until_ms=0;
   m_next_look_ms=0;
   m_next_scan_ms=0;
   m_alarm="";
  }
//+------------------------------------------------------------------+
//| How many facts are kept in mind                                  |
//+------------------------------------------------------------------+
int CScanner::Remembered(void) const
  {
   return(m_said.Count());
  }
//+------------------------------------------------------------------+
//| What was said is another account's                               |
//+------------------------------------------------------------------+
void CScanner::Forget(void)
  {
   m_said.Clear();
   m_snapshot.Clear();
   m_kind=SCAN_KIND_NONE;
   m_welcomed=false;
  }
//+------------------------------------------------------------------+
//| A session began: the ledger beyond its mark, then everything.    |
//| Whatever was under way is dropped.                               |
//+------------------------------------------------------------------+
void CScanner::Begin(const SWelcome &welcome)
  {
   m_welcome=welcome;
   m_welcomed=true;
   m_entry=0;
   m_kind=SCAN_KIND_LEDGER;
  }
//+------------------------------------------------------------------+
//| Rescan with the next step: the broker was away, and things went  |
//| on without us                                                    |
//+------------------------------------------------------------------+
void CScanner::Hurry(const long mono_ms)
  {
   m_next_scan_ms=mono_ms;
   m_next_look_ms=mono_ms;
   m_deep_until_ms=mono_ms+DEEP_MS;
  }
//+------------------------------------------------------------------+
//| A trade transaction came: look with the next step                |
//+------------------------------------------------------------------+
void CScanner::Hint(void)
  {
   m_next_look_ms=LONG_MIN;
  }
//+------------------------------------------------------------------+
//| A bounded amount of work. Only in a session, with the broker     |
//| connected.                                                       |
//+------------------------------------------------------------------+
void CScanner::Step(const long mono_ms)
  {
   int room=m_session.Room();
   if(room<=0)
      return;
   if(m_kind==SCAN_KIND_LEDGER)
      room-=ReportLedger(room);
   else if(m_kind!=SCAN_KIND_NONE)
      room-=ReportSnapshot(room);
   // Reading the lists is enough work for the rest of this call.
   if(m_kind==SCAN_KIND_NONE && room>0)
      StartNext(mono_ms);
  }
//+------------------------------------------------------------------+
//| A portion of the ledger; how many facts were posted              |
//+------------------------------------------------------------------+
int CScanner::ReportLedger(const int room)
  {
   SLedgerEntry entry;
   int posted=0;
   for(int i=0; i<SCAN_PORTION && posted<room; i++)
     {
      if(!m_ledger.At(m_entry,entry))
        {
         m_kind=SCAN_KIND_NONE;
         break;
        }
      m_entry++;
      if(entry.mark<=m_welcome.ledger_mark)
         continue;
      m_session.Post(SubmittedFact(entry));
      posted++;
      if(entry.concluded)
        {
         m_session.Post(ResultFact(entry));
         posted++;
        }
     }
   return(posted);
  }
//+------------------------------------------------------------------+
//| A portion of the snapshot; how many facts were posted            |
//+------------------------------------------------------------------+
int CScanner::ReportSnapshot(const int room)
  {
   SFact fact;
   int posted=0;
   if(!m_snapshot.Select())
      return(0);
   for(int i=0; i<SCAN_PORTION && posted<room; i++)
     {
      if(m_snapshot.Done())
        {
         if(m_kind!=SCAN_KIND_LOOK)
           {
            End();
            posted++;
           }
         m_kind=SCAN_KIND_NONE;
         break;
        }
      if(!m_snapshot.Next(fact))
         continue;
      // After a welcome all of it, said before or not: the journal may have been restored from a backup.
      if(m_said.Note(fact.key,fact.json,m_snapshot.ToMs()) || m_kind==SCAN_KIND_FULL)
        {
         m_session.Post(fact.json);
         posted++;
        }
     }
   return(posted);
  }
//+------------------------------------------------------------------+
//| What is due next                                                 |
//+------------------------------------------------------------------+
void CScanner::StartNext(const long mono_ms)
  {
   if(m_welcomed)
     {
      m_watermark_ms=m_welcome.watermark_ms;
      if(!Start(SCAN_KIND_FULL,ScanFrom(m_watermark_ms),mono_ms))
         return;
      m_welcomed=false;
      m_deep_until_ms=mono_ms+DEEP_MS;
     }
   else if(mono_ms>=m_next_scan_ms)
     {
      long deep_ms=ScanFrom(m_welcome.watermark_ms);
      long from_ms=ScanFrom(m_watermark_ms);
      Start(SCAN_KIND_RESCAN,(mono_ms<m_deep_until_ms && deep_ms<from_ms) ? deep_ms : from_ms,mono_ms);
     }
   else if(mono_ms>=m_next_look_ms)
     {
      // Never further back than the scan did: what lies before that is neither news nor in memory.
      long since_ms=ServerMs()-LOOK_BACK_MS;
      Start(SCAN_KIND_LOOK,(since_ms>m_from_ms) ? since_ms : m_from_ms,mono_ms);
     }
  }
//+------------------------------------------------------------------+
//| Take a snapshot; false where the broker went meanwhile, and the  |
//| next step tries again                                            |
//+------------------------------------------------------------------+
bool CScanner::Start(const ENUM_SCAN_KIND kind,const long from_ms,const long mono_ms)
  {
   if(!m_snapshot.Take(from_ms))
      return(false);
   m_kind=kind;
   m_next_look_ms=mono_ms+LOOK_MS;
   if(kind!=SCAN_KIND_LOOK)
      m_next_scan_ms=mono_ms+RESCAN_MS;
   return(true);
  }
//+------------------------------------------------------------------+
//| Where a scan starts. Server time may have been set back behind   |
//| the watermark: daylight saving, or another server.               |
//+------------------------------------------------------------------+
long CScanner::ScanFrom(const long watermark_ms) const
  {
   long now_ms=ServerMs();
   long from_ms=((watermark_ms<now_ms) ? watermark_ms : now_ms)-m_welcome.overlap_ms;
   return((from_ms>0) ? from_ms : 0);
  }
//+------------------------------------------------------------------+
//| A scan is through, and everything before this was posted         |
//+------------------------------------------------------------------+
void CScanner::End(void)
  {
   long positions[];
   m_snapshot.Positions(positions);
   if(ArraySize(positions)>SCAN_POSITIONS_MOST)
     {
      m_alarm="more than "+IntegerToString(SCAN_POSITIONS_MOST)+" open positions: the scan cannot be closed";
      return;
     }
   m_watermark_ms=m_snapshot.ToMs();
   m_from_ms=m_snapshot.FromMs();
   m_said.Forget(m_snapshot.ToMs());
   m_counter++;
   m_session.Post(ScanFact(m_session.Boot(),m_counter,m_snapshot.FromMs(),m_snapshot.ToMs(),m_snapshot.Deals(),
                           m_snapshot.Orders(),positions));
  }
//+------------------------------------------------------------------+
//| What a person must see; empty where there is nothing             |
//+------------------------------------------------------------------+
string CScanner::TakeAlarm(void)
  {
   string alarm=m_alarm;
   m_alarm="";
   return(alarm);
  }
//+------------------------------------------------------------------+
