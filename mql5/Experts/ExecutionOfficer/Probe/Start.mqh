//+------------------------------------------------------------------+
//|                                                        Start.mqh |
//| Measure what only an end and a start of the terminal show. The   |
//| Probe stays on its chart; a small file keeps its state for the   |
//| next load.                                                       |
//|                                                                  |
//|   killed            whether bytes that were not flushed survive  |
//|   closed in order   how often a start loads the program: only    |
//|                     then is it certain that the operator did     |
//|                     not attach it                                |
//+------------------------------------------------------------------+
#include "Files.mqh"

#define PROBE_STATE "ExecutionOfficer-probe.state"
#define PROBE_STATE_BYTES 4
#define PROBE_UNFLUSHED "ExecutionOfficer-probe-unflushed.tmp"
#define PROBE_COUNT_CALLS 6000    // a second load comes within twenty seconds

#define PROBE_END_KILLED 0
#define PROBE_END_CLOSED 1
#define PROBE_END_OTHER 2
//+------------------------------------------------------------------+
//| State of the measurement, in the order of its bytes in the file. |
//+------------------------------------------------------------------+
class CProbeStart
  {
private:
   int               m_loads;     // loads since the last end
   int               m_ended;     // PROBE_END_*
   int               m_unflushed; // 0: not known, 1: lost, 2: survived
   int               m_counting;  // 1: the terminal has started

   bool              m_armed;
   int               m_handle;    // the file that is not flushed
   int               m_calls;

   void              Save(void) const;
   void              ReadUnflushed(void);
   void              Say(void) const;

public:
                     CProbeStart(void);
   bool              Resume(void);
   void              Arm(void);
   bool              Armed(void) const { return(m_armed); }
   void              Stop(const int reason);
   bool              Call(CProbeReport &report);
  };
//+------------------------------------------------------------------+
//| Create it without a state.                                       |
//+------------------------------------------------------------------+
CProbeStart::CProbeStart(void)
  {
   m_loads=0;
   m_ended=PROBE_END_KILLED;
   m_unflushed=0;
   m_counting=0;
   m_armed=false;
   m_handle=INVALID_HANDLE;
   m_calls=0;
  }
//+------------------------------------------------------------------+
//| Write the state for the next load.                               |
//+------------------------------------------------------------------+
void CProbeStart::Save(void) const
  {
   uchar bytes[];
   ArrayResize(bytes,PROBE_STATE_BYTES);
   bytes[0]=(uchar)MathMin(m_loads,255);
   bytes[1]=(uchar)m_ended;
   bytes[2]=(uchar)m_unflushed;
   bytes[3]=(uchar)m_counting;
   int file=FileOpen(PROBE_STATE,FILE_WRITE|FILE_BIN);
   if(file==INVALID_HANDLE)
      return;
   if(FileWriteArray(file,bytes,0,PROBE_STATE_BYTES)!=PROBE_STATE_BYTES)
      Print("probe: MQL5\\Files\\",PROBE_STATE," cannot be written");
   FileFlush(file);
   FileClose(file);
  }
//+------------------------------------------------------------------+
//| Read the state at a load; return true where an earlier load      |
//| waits for this one.                                              |
//+------------------------------------------------------------------+
bool CProbeStart::Resume(void)
  {
   uchar bytes[];
   int file=FileOpen(PROBE_STATE,FILE_READ|FILE_BIN);
   if(file==INVALID_HANDLE)
      return(false);
   uint count=FileReadArray(file,bytes,0,PROBE_STATE_BYTES);
   FileClose(file);
   if(count!=PROBE_STATE_BYTES)
      return(false);
   m_loads=bytes[0]+1;
   m_ended=bytes[1];
   m_unflushed=bytes[2];
   m_counting=1;
   m_calls=0;
   if(bytes[3]==0 && m_ended==PROBE_END_KILLED && m_unflushed==0)
      ReadUnflushed();
   Save();
   return(true);
  }
//+------------------------------------------------------------------+
//| Measure what a kill left of the file that was half flushed.      |
//+------------------------------------------------------------------+
void CProbeStart::ReadUnflushed(void)
  {
   long size=ProbeFileSize(PROBE_UNFLUSHED);
   if(size==PROBE_FILE_BYTES)
      m_unflushed=1;
   else if(size==2*PROBE_FILE_BYTES)
      m_unflushed=2;
  }
//+------------------------------------------------------------------+
//| Stay on the chart, and wait for the end of the terminal.         |
//+------------------------------------------------------------------+
void CProbeStart::Arm(void)
  {
   uchar bytes[];
   m_loads=0;
   m_ended=PROBE_END_KILLED;
   m_counting=0;
   m_armed=true;
   FileDelete(PROBE_UNFLUSHED);
   m_handle=FileOpen(PROBE_UNFLUSHED,FILE_READ|FILE_WRITE|FILE_BIN);
   if(m_handle!=INVALID_HANDLE)
     {
      ArrayResize(bytes,PROBE_FILE_BYTES);
      ArrayInitialize(bytes,5);
      uint flushed=FileWriteArray(m_handle,bytes,0,PROBE_FILE_BYTES);
      FileFlush(m_handle);
      uint unflushed=FileWriteArray(m_handle,bytes,0,PROBE_FILE_BYTES);
      Print("probe: ",flushed," bytes are flushed, ",unflushed," are not");
     }
   Save();
   Say();
  }
//+------------------------------------------------------------------+
//| Show the operator's next step.                                   |
//+------------------------------------------------------------------+
void CProbeStart::Say(void) const
  {
   string what=(m_unflushed==0)
               ? "end terminal64.exe in the Task Manager, and start it again. Attach the Probe again where it is gone"
               : "end the terminal with File > Exit, and start it again. Touch nothing for two minutes";
   Comment("Probe: "+what+".");
   Print("probe: now ",what);
  }
//+------------------------------------------------------------------+
//| Record the reason of OnDeinit. A kill does not call it.          |
//+------------------------------------------------------------------+
void CProbeStart::Stop(const int reason)
  {
   if(m_handle!=INVALID_HANDLE)
      FileClose(m_handle);
   m_handle=INVALID_HANDLE;
   bool armed=m_armed;
   m_armed=false;
   if(armed)
      Comment("");
   if(reason==REASON_REMOVE || reason==REASON_CHARTCLOSE)
     {
      // The measurement is cancelled.
      FileDelete(PROBE_STATE);
      FileDelete(PROBE_UNFLUSHED);
     }
   else if(armed)
     {
      m_ended=(reason==REASON_CLOSE) ? PROBE_END_CLOSED : PROBE_END_OTHER;
      Save();
     }
  }
//+------------------------------------------------------------------+
//| Do a timer call after a start; return true once everything is    |
//| reported. Where something is missing, wait for another end.      |
//+------------------------------------------------------------------+
bool CProbeStart::Call(CProbeReport &report)
  {
   m_calls++;
   if(m_armed || m_calls<PROBE_COUNT_CALLS)
      return(false);
   if(m_ended!=PROBE_END_CLOSED)
     {
      Arm();
      return(false);
     }
   report.Measure("loads_at_start",m_loads);
   report.Flag("init_twice",m_loads>1);
   if(m_unflushed!=0)
      report.Flag("unflushed_bytes_lost",m_unflushed==1);
   FileDelete(PROBE_STATE);
   FileDelete(PROBE_UNFLUSHED);
   return(true);
  }
//+------------------------------------------------------------------+
