//+------------------------------------------------------------------+
//|                                                 SessionState.mqh |
//| Phase of the session, the time of the next attempt, and the last |
//| error with its remedy. No socket and no clock.                   |
//+------------------------------------------------------------------+
#define BACKOFF_MAX_S 30

enum ENUM_LINK_PHASE
  {
   LINK_PHASE_DOWN,
   LINK_PHASE_HELLO,
   LINK_PHASE_PROVE,
   LINK_PHASE_UP
  };
//+------------------------------------------------------------------+
//| Phase, deadline and back-off.                                    |
//+------------------------------------------------------------------+
class CSessionState
  {
private:
   ENUM_LINK_PHASE   m_phase;
   long              m_due_ms; // DOWN: time of the next attempt; HELLO, PROVE: deadline of the handshake
   int               m_attempts;
   bool              m_reconnect;
   string            m_trouble;
   string            m_remedy;
   long              m_dropped;

public:
                     CSessionState(void);
   void              Reset(void);
   ENUM_LINK_PHASE   Phase(void) const;
   string            PhaseText(void) const;
   bool              Due(const long mono_ms) const;
   bool              Past(const long mono_ms) const;
   string            Trouble(void) const;
   string            Remedy(void) const;
   long              Dropped(void) const;
   void              Count(void);
   void              Enter(const ENUM_LINK_PHASE phase,const long due_ms);
   void              SetUp(void);
   void              SetDown(void);
   long              Drop(const long mono_ms,const string reason,const string remedy,const double jitter);
   bool              TakeReconnect(void);
  };
//+------------------------------------------------------------------+
//| Create it at the start.                                          |
//+------------------------------------------------------------------+
CSessionState::CSessionState(void)
  {
   Reset();
  }
//+------------------------------------------------------------------+
//| Return to the start: globals survive a change of timeframe.      |
//+------------------------------------------------------------------+
void CSessionState::Reset(void)
  {
   m_phase=LINK_PHASE_DOWN;
   m_due_ms=LONG_MIN;
   m_attempts=0;
   m_reconnect=false;
   m_trouble="";
   m_remedy="";
   m_dropped=0;
  }
//+------------------------------------------------------------------+
//| Return the phase.                                                |
//+------------------------------------------------------------------+
ENUM_LINK_PHASE CSessionState::Phase(void) const
  {
   return(m_phase);
  }
//+------------------------------------------------------------------+
//| Return the phase as text for the panel.                          |
//+------------------------------------------------------------------+
string CSessionState::PhaseText(void) const
  {
   switch(m_phase)
     {
      case LINK_PHASE_HELLO:
         return("waiting for the sidecar's challenge");
      case LINK_PHASE_PROVE:
         return("waiting for the sidecar's welcome");
      case LINK_PHASE_UP:
         return("connected to the sidecar");
      default:
         return("not connected to the sidecar");
     }
  }
//+------------------------------------------------------------------+
//| Return whether the deadline is reached.                          |
//+------------------------------------------------------------------+
bool CSessionState::Due(const long mono_ms) const
  {
   return(mono_ms>=m_due_ms);
  }
//+------------------------------------------------------------------+
//| Return whether the deadline is over.                             |
//+------------------------------------------------------------------+
bool CSessionState::Past(const long mono_ms) const
  {
   return(mono_ms>m_due_ms);
  }
//+------------------------------------------------------------------+
//| Return why there is no session; empty while there is one.        |
//+------------------------------------------------------------------+
string CSessionState::Trouble(void) const
  {
   return(m_trouble);
  }
//+------------------------------------------------------------------+
//| Return the setting to change.                                    |
//+------------------------------------------------------------------+
string CSessionState::Remedy(void) const
  {
   return(m_remedy);
  }
//+------------------------------------------------------------------+
//| Return the number of dropped messages.                           |
//+------------------------------------------------------------------+
long CSessionState::Dropped(void) const
  {
   return(m_dropped);
  }
//+------------------------------------------------------------------+
//| Count a dropped message.                                         |
//+------------------------------------------------------------------+
void CSessionState::Count(void)
  {
   m_dropped++;
  }
//+------------------------------------------------------------------+
//| Enter the next phase of the handshake, with its deadline.        |
//+------------------------------------------------------------------+
void CSessionState::Enter(const ENUM_LINK_PHASE phase,const long due_ms)
  {
   m_phase=phase;
   m_due_ms=due_ms;
  }
//+------------------------------------------------------------------+
//| Enter the phase UP.                                              |
//+------------------------------------------------------------------+
void CSessionState::SetUp(void)
  {
   m_phase=LINK_PHASE_UP;
   m_attempts=0;
   m_trouble="";
   m_remedy="";
  }
//+------------------------------------------------------------------+
//| Enter the phase DOWN by our own decision.                        |
//+------------------------------------------------------------------+
void CSessionState::SetDown(void)
  {
   m_phase=LINK_PHASE_DOWN;
  }
//+------------------------------------------------------------------+
//| Enter the phase DOWN: request a new socket, and double the       |
//| pause. Return the pause in milliseconds.                         |
//+------------------------------------------------------------------+
long CSessionState::Drop(const long mono_ms,const string reason,const string remedy,const double jitter)
  {
   double wait_s=BACKOFF_MAX_S;
   if(m_attempts<5)
      wait_s=(double)(1<<m_attempts);
   long wait_ms=(long)MathFloor(1000.0*wait_s*(0.8+0.4*jitter));
   m_attempts++;
   m_phase=LINK_PHASE_DOWN;
   m_due_ms=mono_ms+wait_ms;
   m_reconnect=true;
   m_trouble=reason;
   m_remedy=remedy;
   return(wait_ms);
  }
//+------------------------------------------------------------------+
//| Return true once after the end of a session: a new socket is     |
//| needed.                                                          |
//+------------------------------------------------------------------+
bool CSessionState::TakeReconnect(void)
  {
   bool wanted=m_reconnect;
   m_reconnect=false;
   return(wanted);
  }
//+------------------------------------------------------------------+
