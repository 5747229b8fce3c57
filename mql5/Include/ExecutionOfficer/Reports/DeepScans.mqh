//+------------------------------------------------------------------+
//|                                                    DeepScans.mqh |
//| Times of deep scans. A broker may annul a deal, book its costs or|
//| enter it into the history days later, under its old time; a      |
//| rescan does not go back that far. Once in a while one does. No   |
//| call into the terminal.                                          |
//+------------------------------------------------------------------+
#define DEEP_SCAN_MS 3600000               // from one deep scan to the next
#define DEEP_SCAN_HISTORY_MS 604800000     // history that a deep scan reads: seven days
//+------------------------------------------------------------------+
//| Deep scans of one load of the program.                           |
//+------------------------------------------------------------------+
class CDeepScans
  {
private:
   bool              m_known;   // the next time is known
   long              m_next_ms;
   long              m_reading; // number of the last deep scan's first reading; 0: none yet

public:
                     CDeepScans(void) { Clear(); }
   void              Clear(void);
   bool              Due(const long mono_ms);
   void              Started(const long mono_ms) { m_next_ms=mono_ms+DEEP_SCAN_MS; }
   void              Ended(const long reading) { m_reading=reading; }
   long              FirstToKeep(const long reading) const;
  };
//+------------------------------------------------------------------+
//| Start a load of the program, or with another account.            |
//+------------------------------------------------------------------+
void CDeepScans::Clear(void)
  {
   m_known=false;
   m_next_ms=0;
   m_reading=0;
  }
//+------------------------------------------------------------------+
//| Return whether the rescan that starts now is to be a deep one.   |
//+------------------------------------------------------------------+
bool CDeepScans::Due(const long mono_ms)
  {
   if(!m_known)
      m_next_ms=mono_ms+DEEP_SCAN_MS;
   m_known=true;
   return(mono_ms>=m_next_ms);
  }
//+------------------------------------------------------------------+
//| Return the first reading whose reports are kept after a scan with|
//| this first reading: those of the last deep scan meet the next.   |
//+------------------------------------------------------------------+
long CDeepScans::FirstToKeep(const long reading) const
  {
   return((m_reading>0) ? m_reading : reading);
  }
//+------------------------------------------------------------------+
