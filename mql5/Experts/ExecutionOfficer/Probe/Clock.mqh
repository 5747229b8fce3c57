//+------------------------------------------------------------------+
//|                                                        Clock.mqh |
//| Measure the resolution of the timer and the clocks, the broker's |
//| time, and some properties of strings and files.                  |
//+------------------------------------------------------------------+
#include "Report.mqh"

#define PROBE_TIMER_CALLS 200
#define PROBE_ROUNDS 60000
#define PROBE_COARSE_US 12000     // a longer interval is the system's tick of 15.6 ms
#define PROBE_TICK_US 15625
//+------------------------------------------------------------------+
//| Intervals between timer calls.                                   |
//+------------------------------------------------------------------+
class CProbeTimer
  {
private:
   long              m_last_us;
   long              m_intervals[];

public:
                     CProbeTimer(void);
   void              Start(void);
   bool              Call(void);
   void              Report(CProbeReport &report);
  };
//+------------------------------------------------------------------+
//| Create it without a timer call.                                  |
//+------------------------------------------------------------------+
CProbeTimer::CProbeTimer(void)
  {
   m_last_us=0;
  }
//+------------------------------------------------------------------+
//| Forget all timer calls.                                          |
//+------------------------------------------------------------------+
void CProbeTimer::Start(void)
  {
   m_last_us=0;
   ArrayFree(m_intervals);
  }
//+------------------------------------------------------------------+
//| Record a timer call; return true once there are enough.          |
//+------------------------------------------------------------------+
bool CProbeTimer::Call(void)
  {
   long now_us=(long)GetMicrosecondCount();
   int count=ArraySize(m_intervals);
   if(m_last_us>0)
     {
      ArrayResize(m_intervals,count+1,PROBE_TIMER_CALLS);
      m_intervals[count]=now_us-m_last_us;
     }
   m_last_us=now_us;
   return(count>=PROBE_TIMER_CALLS);
  }
//+------------------------------------------------------------------+
//| Report the median and the longest interval.                      |
//+------------------------------------------------------------------+
void CProbeTimer::Report(CProbeReport &report)
  {
   ArraySort(m_intervals);
   int count=ArraySize(m_intervals);
   long median=m_intervals[count/2];
   long worst=m_intervals[count-1];
   report.Measure("timer_interval_median_us",median);
   report.Measure("timer_interval_worst_us",worst);
   report.Integer("timer_grain_us",(median>PROBE_COARSE_US) ? PROBE_TICK_US : 0);
   report.Integer("timer_late",(worst>2*PROBE_TICK_US) ? (worst-PROBE_TICK_US)/1000 : 0);
  }
//+------------------------------------------------------------------+
//| Measure the step of GetTickCount64. The number of rounds is      |
//| bounded; a round takes about a microsecond.                      |
//+------------------------------------------------------------------+
void ProbeTickCount(CProbeReport &report)
  {
   ulong first=GetTickCount64();
   ulong second=0;
   ulong third=0;
   double waste=0.0;
   for(int i=0; i<PROBE_ROUNDS && third==0; i++)
     {
      for(int k=0; k<50; k++)
         waste+=MathSqrt((double)k);
      ulong now=GetTickCount64();
      if(second==0 && now!=first)
         second=now;
      else if(second!=0 && now!=second)
         third=now;
     }
   report.Measure("tick_count_waste",(long)waste);
   if(third==0)
     {
      report.Note("tick_count","fewer than two steps were seen");
      return;
     }
   // The first step may be incomplete.
   report.Measure("tick_count_step_ms",(long)(third-second));
   report.Integer("tick_count_grain_us",(third-second>2) ? PROBE_TICK_US : 0);
  }
//+------------------------------------------------------------------+
//| Measure the offset of the broker's time.                         |
//+------------------------------------------------------------------+
void ProbeServerTime(CProbeReport &report)
  {
   long server=(long)TimeTradeServer();
   long offset=server-(long)TimeGMT();
   long behind=server-(long)TimeCurrent();
   report.Measure("server_minus_gmt_s",offset);
   report.Measure("server_minus_last_quote_s",behind);
   // Offsets are whole quarters of an hour; the rest is the error of the PC's clock.
   report.Integer("server_offset_s",(long)(900.0*MathRound((double)offset/900.0)));
   report.Flag("current_time_frozen",behind>10);
  }
//+------------------------------------------------------------------+
//| Measure the conversion of an empty string, and opening one file  |
//| twice.                                                           |
//+------------------------------------------------------------------+
void ProbeTextAndFiles(CProbeReport &report)
  {
   uchar bytes[];
   string name="ExecutionOfficer-probe.tmp";
   int count=StringToCharArray("",bytes,0,-1,CP_UTF8);
   report.Flag("empty_text_counts_terminator",count==1);
   int first=FileOpen(name,FILE_READ|FILE_WRITE|FILE_BIN);
   int second=FileOpen(name,FILE_READ|FILE_WRITE|FILE_BIN);
   report.Note("file_opened_twice",(first!=INVALID_HANDLE && second==INVALID_HANDLE) ? "refused" : "allowed");
   if(second!=INVALID_HANDLE)
      FileClose(second);
   if(first!=INVALID_HANDLE)
     {
      ArrayResize(bytes,64);
      ArrayInitialize(bytes,7);
      long start_us=(long)GetMicrosecondCount();
      uint written=FileWriteArray(first,bytes,0,64);
      ResetLastError();
      FileFlush(first);
      report.Measure("file_written_bytes",(long)written);
      report.Measure("file_flush_error",GetLastError());
      report.Measure("file_flush_us",(long)GetMicrosecondCount()-start_us);
      report.Measure("file_size_after_flush",(long)FileSize(first));
      FileClose(first);
     }
   FileDelete(name);
  }
//+------------------------------------------------------------------+
