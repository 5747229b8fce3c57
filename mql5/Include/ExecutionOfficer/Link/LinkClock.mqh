//+------------------------------------------------------------------+
//|                                                    LinkClock.mqh |
//| What the sidecar's link clock shows now, as far as we can know.  |
//|                                                                  |
//| The estimate is the larger of the last one, advanced by our own  |
//| monotonic clock, and what a heartbeat says. A heartbeat that was |
//| buffered across a stall so never sets it back, and the command   |
//| that was buffered with it is recognised as late. It runs slower  |
//| than our clock by more than a quartz is off, so that heartbeats  |
//| always correct it upwards, and it never runs ahead for long.     |
//+------------------------------------------------------------------+
#define LINK_CLOCK_SLOWDOWN_PPM 500
//+------------------------------------------------------------------+
//| Milliseconds since the welcome, on the sidecar's clock           |
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
//| Not started                                                      |
//+------------------------------------------------------------------+
CLinkClock::CLinkClock(void)
  {
   Start(0);
  }
//+------------------------------------------------------------------+
//| The welcome came now                                             |
//+------------------------------------------------------------------+
void CLinkClock::Start(const long mono_ms)
  {
   m_estimate_ms=0;
   m_mono_ms=mono_ms;
  }
//+------------------------------------------------------------------+
//| A heartbeat said what the clock showed                           |
//+------------------------------------------------------------------+
void CLinkClock::Update(const long clock_ms,const long mono_ms)
  {
   if(clock_ms<=Now(mono_ms))
      return;
   m_estimate_ms=clock_ms;
   m_mono_ms=mono_ms;
  }
//+------------------------------------------------------------------+
//| The estimate; it never goes back                                 |
//+------------------------------------------------------------------+
long CLinkClock::Now(const long mono_ms) const
  {
   long passed=(mono_ms>m_mono_ms) ? mono_ms-m_mono_ms : 0;
   return(m_estimate_ms+passed-passed*LINK_CLOCK_SLOWDOWN_PPM/1000000);
  }
//+------------------------------------------------------------------+
