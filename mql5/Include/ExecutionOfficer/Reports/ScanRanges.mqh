//+------------------------------------------------------------------+
//|                                                   ScanRanges.mqh |
//| Server times from which the scans read the history.              |
//|                                                                  |
//| It is not known whether a connected terminal has its complete    |
//| history: for EARLY_RESCANS_MS after each welcome and             |
//| reconnection, rescans start as early as the full scan. A broker  |
//| may annul a deal, book its costs or enter it into the history    |
//| days later, under its old time: every DEEP_SCAN_MS a rescan is a |
//| deep scan.                                                       |
//+------------------------------------------------------------------+
#include "..\Common\Clock.mqh"

#define EARLY_RESCANS_MS 600000
#define DEEP_SCAN_MS 3600000               // from one deep scan to the next
#define DEEP_SCAN_HISTORY_MS 604800000     // history that a deep scan reads: seven days
#define QUICK_SCAN_HISTORY_MS 60000        // records that enter the history later are found by the next rescan
//+------------------------------------------------------------------+
//| Ranges of one load of the program. Times are in ms.              |
//+------------------------------------------------------------------+
class CScanRanges
  {
private:
   long              m_overlap_ms;
   long              m_first_ms;       // watermark of the welcome
   long              m_watermark_ms;   // end of the last scan that is no quick one
   long              m_from_ms;        // start of the last full scan or rescan
   long              m_early_until_ms; // monotonic
   bool              m_deep_known;     // the next time is known
   long              m_next_deep_ms;   // monotonic
   bool              m_is_deep;        // a deep scan is under way
   long              m_deep_reading;   // number of the last deep scan's first reading; 0: none yet

   long              Overlapping(const long watermark_ms) const;

public:
                     CScanRanges(void) { Load(); }
   void              Load(void);
   void              Forget(void);
   void              Begin(const long watermark_ms,const long overlap_ms);
   void              RescanEarly(const long mono_ms) { m_early_until_ms=mono_ms+EARLY_RESCANS_MS; }
   long              Full(void);
   long              Rescan(const long mono_ms);
   void              Started(const long mono_ms);
   long              Change(void) const;
   long              Quick(void) const;
   long              Tail(void) const;
   void              Moved(const long watermark_ms) { m_watermark_ms=watermark_ms; }
   long              Ended(const long from_ms,const long reading);
  };
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CScanRanges::Load(void)
  {
   m_overlap_ms=0;
   m_first_ms=0;
   m_watermark_ms=0;
   m_from_ms=0;
   m_early_until_ms=0;
   Forget();
  }
//+------------------------------------------------------------------+
//| Forget the deep scans: they were another account's.              |
//+------------------------------------------------------------------+
void CScanRanges::Forget(void)
  {
   m_deep_known=false;
   m_next_deep_ms=0;
   m_is_deep=false;
   m_deep_reading=0;
  }
//+------------------------------------------------------------------+
//| Begin a session, from the sidecar's watermark.                   |
//+------------------------------------------------------------------+
void CScanRanges::Begin(const long watermark_ms,const long overlap_ms)
  {
   m_first_ms=watermark_ms;
   m_watermark_ms=watermark_ms;
   m_overlap_ms=overlap_ms;
   // A deep scan that the end of the last session broke off is due again.
   if(m_is_deep)
      m_next_deep_ms=0;
  }
//+------------------------------------------------------------------+
//| Return the start of the full scan.                               |
//+------------------------------------------------------------------+
long CScanRanges::Full(void)
  {
   m_is_deep=false;
   return(Overlapping(m_first_ms));
  }
//+------------------------------------------------------------------+
//| Return the start of the rescan that is due.                      |
//+------------------------------------------------------------------+
long CScanRanges::Rescan(const long mono_ms)
  {
   if(!m_deep_known)
      m_next_deep_ms=mono_ms+DEEP_SCAN_MS;
   m_deep_known=true;
   m_is_deep=(mono_ms>=m_next_deep_ms);
   long from_ms=Overlapping(m_watermark_ms);
   long first_ms=Overlapping(m_first_ms);
   if(mono_ms<m_early_until_ms && first_ms<from_ms)
      from_ms=first_ms;
   long deep_ms=ServerMs()-DEEP_SCAN_HISTORY_MS;
   if(m_is_deep && deep_ms<from_ms)
      from_ms=(deep_ms>0) ? deep_ms : 0;
   return(from_ms);
  }
//+------------------------------------------------------------------+
//| Note that the rescan has started.                                |
//+------------------------------------------------------------------+
void CScanRanges::Started(const long mono_ms)
  {
   if(m_is_deep)
      m_next_deep_ms=mono_ms+DEEP_SCAN_MS;
  }
//+------------------------------------------------------------------+
//| Return the start of a change scan: a minute before the end of    |
//| the last scan, as a quick scan. Records that enter the history   |
//| later are a rescan's.                                            |
//+------------------------------------------------------------------+
long CScanRanges::Change(void) const
  {
   long now_ms=ServerMs();
   long since_ms=((m_watermark_ms<now_ms) ? m_watermark_ms : now_ms)-QUICK_SCAN_HISTORY_MS;
   return((since_ms>m_from_ms) ? since_ms : m_from_ms);
  }
//+------------------------------------------------------------------+
//| Return the start of a quick scan. It is never earlier than the   |
//| last scan's: records before that are not in the hashes.          |
//+------------------------------------------------------------------+
long CScanRanges::Quick(void) const
  {
   long since_ms=Tail();
   return((since_ms>m_from_ms) ? since_ms : m_from_ms);
  }
//+------------------------------------------------------------------+
//| Return the start of the history that is read at one moment with  |
//| the live orders and positions.                                   |
//+------------------------------------------------------------------+
long CScanRanges::Tail(void) const
  {
   return(EarliestServerMs()-QUICK_SCAN_HISTORY_MS);
  }
//+------------------------------------------------------------------+
//| Note the end of a full scan or rescan; return the first reading  |
//| whose reports are to be kept: the next deep scan meets those of  |
//| the last one.                                                    |
//+------------------------------------------------------------------+
long CScanRanges::Ended(const long from_ms,const long reading)
  {
   m_from_ms=from_ms;
   if(m_is_deep)
      m_deep_reading=reading;
   m_is_deep=false;
   return((m_deep_reading>0) ? m_deep_reading : reading);
  }
//+------------------------------------------------------------------+
//| Return a scan's start for a watermark. The server time may be    |
//| behind it: daylight saving, or another server.                   |
//+------------------------------------------------------------------+
long CScanRanges::Overlapping(const long watermark_ms) const
  {
   long now_ms=ServerMs();
   long from_ms=((watermark_ms<now_ms) ? watermark_ms : now_ms)-m_overlap_ms;
   return((from_ms>0) ? from_ms : 0);
  }
//+------------------------------------------------------------------+
