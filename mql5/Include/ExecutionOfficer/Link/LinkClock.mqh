//+------------------------------------------------------------------+
//|                                                    LinkClock.mqh |
//| An estimate of the sidecar's link clock.                         |
//|                                                                  |
//| It is the larger of the last estimate, advanced by our monotonic |
//| clock, and the value of a heartbeat. A heartbeat that was        |
//| delayed by a stall never sets it back, and a command that was    |
//| delayed with it is recognised as late. The estimate runs slower  |
//| than our clock by more than the error of a quartz, so that       |
//| heartbeats always correct it upwards and it is never ahead for   |
//| long.                                                            |
//+------------------------------------------------------------------+
#define LINK_CLOCK_SLOWDOWN_PPM 500
//+------------------------------------------------------------------+
//| Milliseconds since the welcome, on the sidecar's clock.          |
//+------------------------------------------------------------------+
class CLinkClock
  {
private:
   long              m_estimate_ms;
   long              m_mono_ms;

public:
                     CLinkClock(void);
   void              Start(const long mono_ms);
   void              Update(const long clock_ms,const long mono_ms);
   long              Now(const long mono_ms) const;
  };
//+------------------------------------------------------------------+
//| Create it at 0.                                                  |
//+------------------------------------------------------------------+
CLinkClock::CLinkClock(void)
  {
   Start(0);
  }
//+------------------------------------------------------------------+
//| Start at the welcome.                                            |
//+------------------------------------------------------------------+
void CLinkClock::Start(const long mono_ms)
  {
   m_estimate_ms=0;
   m_mono_ms=mono_ms;
  }
//+------------------------------------------------------------------+
//| Apply the link clock of a heartbeat.                             |
//+------------------------------------------------------------------+
void CLinkClock::Update(const long clock_ms,const long mono_ms)
  {
   if(clock_ms<=Now(mono_ms))
      return;
   m_estimate_ms=clock_ms;
   m_mono_ms=mono_ms;
  }
//+------------------------------------------------------------------+
//| Return the estimate. It never goes back.                         |
//+------------------------------------------------------------------+
long CLinkClock::Now(const long mono_ms) const
  {
   long passed=(mono_ms>m_mono_ms) ? mono_ms-m_mono_ms : 0;
   return(m_estimate_ms+passed-passed*LINK_CLOCK_SLOWDOWN_PPM/1000000);
  }
//+------------------------------------------------------------------+
