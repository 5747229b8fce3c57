//+------------------------------------------------------------------+
//|                                                  LinkSession.mqh |
//| Our side of the link: handshake, epochs, reports, heartbeats. No |
//| socket and no clock: messages come in and go out, and the time   |
//| is an argument, in milliseconds of a monotonic clock.            |
//|                                                                  |
//|   phase   event                                    next          |
//|   DOWN    back-off over, logged in, connection     HELLO         |
//|   HELLO   challenge with a correct proof           PROVE         |
//|   HELLO   challenge with a wrong proof             DOWN          |
//|   PROVE   welcome within HANDSHAKE_MS              UP            |
//|   PROVE   welcome later than that                  DOWN          |
//|   HELLO, PROVE   refused, or HANDSHAKE_MS over     DOWN          |
//|   UP      bye, other account, SIDECAR_TIMEOUT_MS   DOWN          |
//|                                                                  |
//| Each transition to DOWN requires a new socket, since the old one |
//| would deliver messages that wait in it, and backs off 1, 2, 4,   |
//| ... 30 s. A message that fits no row is dropped and counted.     |
//+------------------------------------------------------------------+
#include "..\Common\Clock.mqh"
#include "..\Common\Log.mqh"
#include "..\Common\TextQueue.mqh"
#include "Handshake.mqh"
#include "LinkClock.mqh"
#include "ReportOutbox.mqh"
#include "SessionState.mqh"

#define HANDSHAKE_MS 5000
#define SIDECAR_TIMEOUT_MS 15000             // without a message for this long the session ends
#define SILENT_HEARTBEATS_MAX 3            // after this many missed heartbeats no command is executed
#define HEARTBEAT_MIN_MS 100           // bounds of a welcome's heartbeat_ms
#define HEARTBEAT_MAX_MS 5000
//+------------------------------------------------------------------+
//| State of the link, for the panel.                                |
//+------------------------------------------------------------------+
struct SLinkStatus
  {
   string            phase;
   string            trouble; // why there is no session; empty while there is one
   string            remedy;  // the setting to change
   long              epoch;
   long              dropped; // messages
   int               unacknowledged;
  };
//+------------------------------------------------------------------+
//| Sessions of one program with its sidecar, one after the other.   |
//+------------------------------------------------------------------+
class CLinkSession
  {
private:
   CSessionState     m_state;
   CReportOutbox     m_reports;
   CLinkClock        m_clock;
   CLog             *m_log;
   CHandshake        m_handshake;
   CTextQueue        m_frames;  // sent before any report
   SAccount          m_account; // of the session
   SAccount          m_claimed; // of the proof
   long              m_epoch;
   long              m_last_message_ms;
   long              m_heartbeat_ms;
   long              m_next_heartbeat_ms;
   bool              m_busy;      // a synchronous request follows, or is under way
   bool              m_busy_over; // the next heartbeat that says so is due
   int               m_max_bytes;

   void              Drop(const long mono_ms,const string reason,const string remedy,const bool keep_frames);
   void              AnswerChallenge(const SMessage &challenge,const long mono_ms,const STerminalState &terminal,
                            const SLedgerIdentity &ledger);
   bool              Begin(const SMessage &message,const long mono_ms);
   bool              OnSessionMessage(const SMessage &message,const long mono_ms);
   void              Refuse(const SMessage &message,const long mono_ms);
   void              Release(void);
   void              PostHeartbeat(const STerminalState &terminal,const long timer_max_us);

public:
                     CLinkSession(void);
   void              Start(const string officer,const uchar &key[],const string program,const long poll_interval_s,
                           CEntropy &entropy,CLog &log);
   bool              Up(void) const { return(m_state.Phase()==LINK_PHASE_UP); }
   bool              WantsConnection(const long mono_ms,const STerminalState &terminal) const;
   bool              SidecarAlive(const long mono_ms) const;
   long              LinkMs(const long mono_ms) const { return(m_clock.Now(mono_ms)); }
   string            InstanceId(void) const { return(m_handshake.InstanceId()); }
   void              Status(SLinkStatus &status) const;
   void              Account(SAccount &account) const { account=m_account; }
   int               Room(void) const { return(m_reports.Room()); }
   void              Post(const string report) { m_reports.Post(report); }
   void              ForgetReports(void) { m_reports.Clear(); }
   string            TakeReportAlarm(void) { return(m_reports.TakeAlarm()); }
   bool              TakeFrame(string &frame);
   bool              TakeReconnect(void) { return(m_state.TakeReconnect()); }
   void              BeginBusy(const STerminalState &terminal);
   void              EndBusy(void);
   void              Fail(const long mono_ms,const string reason,const string remedy);
   void              Bye(const string reason);
   bool              OnTimer(const long mono_ms,const STerminalState &terminal,const long timer_max_us,const bool connection_ready);
   bool              OnFrame(const uchar &frame[],const long mono_ms,const STerminalState &terminal,
                             const SLedgerIdentity &ledger,SMessage &message);
  };
//+------------------------------------------------------------------+
//| Create it without an officer.                                    |
//+------------------------------------------------------------------+
CLinkSession::CLinkSession(void)
  {
   m_log=NULL;
   m_epoch=0;
   m_last_message_ms=0;
   m_heartbeat_ms=HEARTBEAT_MIN_MS;
   m_next_heartbeat_ms=0;
   m_busy=false;
   m_busy_over=false;
   m_max_bytes=MAX_MESSAGE_BYTES;
   ClearAccount(m_account);
   ClearAccount(m_claimed);
  }
//+------------------------------------------------------------------+
//| Start a load of the program, with a new instance id and without  |
//| reports of an earlier load.                                      |
//+------------------------------------------------------------------+
void CLinkSession::Start(const string officer,const uchar &key[],const string program,const long poll_interval_s,
                         CEntropy &entropy,CLog &log)
  {
   m_log=GetPointer(log);
   m_handshake.Start(officer,key,program,poll_interval_s,entropy);
   m_state.Reset();
   m_reports.Clear();
   m_clock.Start(0);
   m_frames.Clear();
   m_epoch=0;
   ClearAccount(m_account);
   ClearAccount(m_claimed);
  }
//+------------------------------------------------------------------+
//| Return whether a hello is due, which needs a connection.         |
//+------------------------------------------------------------------+
bool CLinkSession::WantsConnection(const long mono_ms,const STerminalState &terminal) const
  {
   return(m_state.Phase()==LINK_PHASE_DOWN && m_state.Due(mono_ms) && terminal.account.known && terminal.broker_connected);
  }
//+------------------------------------------------------------------+
//| Return whether the last message of the sidecar is recent enough  |
//| to execute a command.                                            |
//+------------------------------------------------------------------+
bool CLinkSession::SidecarAlive(const long mono_ms) const
  {
   return(Up() && mono_ms-m_last_message_ms<=SILENT_HEARTBEATS_MAX*m_heartbeat_ms);
  }
//+------------------------------------------------------------------+
//| Read the state of the link.                                      |
//+------------------------------------------------------------------+
void CLinkSession::Status(SLinkStatus &status) const
  {
   status.phase=m_state.PhaseText();
   status.trouble=m_state.Trouble();
   status.remedy=m_state.Remedy();
   status.epoch=m_epoch;
   status.dropped=m_state.Dropped();
   status.unacknowledged=m_reports.Count();
  }
//+------------------------------------------------------------------+
//| Queue every report that may be sent now.                         |
//+------------------------------------------------------------------+
void CLinkSession::Release(void)
  {
   string frame="";
   while(m_reports.Release(m_epoch,m_max_bytes,frame))
      m_frames.Put(frame);
  }
//+------------------------------------------------------------------+
//| Take the next message to send; return false where there is none. |
//+------------------------------------------------------------------+
bool CLinkSession::TakeFrame(string &frame)
  {
   return(m_frames.Take(frame) || (Up() && m_reports.Release(m_epoch,m_max_bytes,frame)));
  }
//+------------------------------------------------------------------+
//| Queue a heartbeat.                                               |
//+------------------------------------------------------------------+
void CLinkSession::PostHeartbeat(const STerminalState &terminal,const long timer_max_us)
  {
   m_frames.Put(HeartbeatMessage(m_epoch,terminal,timer_max_us,m_busy));
  }
//+------------------------------------------------------------------+
//| Announce a synchronous request, behind the reports that wait.    |
//| Every heartbeat says 'busy' until EndBusy.                       |
//+------------------------------------------------------------------+
void CLinkSession::BeginBusy(const STerminalState &terminal)
  {
   if(!Up())
      return;
   m_busy=true;
   m_busy_over=false;
   Release();
   PostHeartbeat(terminal,0);
  }
//+------------------------------------------------------------------+
//| The request is over, or not made: the next timer call sends a    |
//| heartbeat without 'busy'.                                        |
//+------------------------------------------------------------------+
void CLinkSession::EndBusy(void)
  {
   m_busy_over=(m_busy_over || m_busy);
   m_busy=false;
  }
//+------------------------------------------------------------------+
//| End the session: the connection failed, and messages may be      |
//| lost.                                                            |
//+------------------------------------------------------------------+
void CLinkSession::Fail(const long mono_ms,const string reason,const string remedy)
  {
   Drop(mono_ms,reason,remedy,false);
  }
//+------------------------------------------------------------------+
//| End the session in order. The caller sends the messages.         |
//+------------------------------------------------------------------+
void CLinkSession::Bye(const string reason)
  {
   if(Up())
     {
      Release();
      m_frames.Put(ByeMessage(m_epoch,reason));
     }
   m_state.SetDown();
   ClearAccount(m_account);
  }
//+------------------------------------------------------------------+
//| End the session, and back off.                                   |
//+------------------------------------------------------------------+
void CLinkSession::Drop(const long mono_ms,const string reason,const string remedy,const bool keep_frames)
  {
   long wait_ms=m_state.Drop(mono_ms,reason,remedy,m_handshake.Jitter());
   string line="no session: "+reason;
   if(remedy!="")
      line+=". "+remedy;
   m_log.Warning("session_ended",line);
   m_log.Debug("session_backoff","next attempt in "+IntegerToString(wait_ms)+" ms");
   ClearAccount(m_account);
   if(!keep_frames)
      m_frames.Clear();
  }
//+------------------------------------------------------------------+
//| Do what is due; return true where a heartbeat with               |
//| `timer_max_us` was queued. `connection_ready`: a hello can be    |
//| sent now.                                                        |
//+------------------------------------------------------------------+
bool CLinkSession::OnTimer(const long mono_ms,const STerminalState &terminal,const long timer_max_us,const bool connection_ready)
  {
   switch(m_state.Phase())
     {
      case LINK_PHASE_DOWN:
         if(connection_ready && WantsConnection(mono_ms,terminal))
           {
            m_frames.Put(m_handshake.Hello());
            m_state.Enter(LINK_PHASE_HELLO,mono_ms+HANDSHAKE_MS);
           }
         return(false);
      case LINK_PHASE_HELLO:
      case LINK_PHASE_PROVE:
         if(m_state.Due(mono_ms))
            Drop(mono_ms,"the sidecar did not answer",
                 "Set the host and port inputs to the sidecar's [link] endpoint",false);
         return(false);
      default:
         break;
     }
   if(!SameAccount(terminal.account,m_account))
     {
      // The waiting reports are the old account's. The next session scans the new account.
      Bye("the terminal is logged in to another account");
      m_reports.Clear();
      Drop(mono_ms,"the account changed","",true);
      return(false);
     }
   if(mono_ms-m_last_message_ms>=SIDECAR_TIMEOUT_MS)
     {
      Drop(mono_ms,"the sidecar was silent for "+IntegerToString(SIDECAR_TIMEOUT_MS/1000)+" s","",false);
      return(false);
     }
   bool is_due=(mono_ms>=m_next_heartbeat_ms);
   if(!is_due && !m_busy_over)
      return(false);
   PostHeartbeat(terminal,timer_max_us);
   m_busy_over=false;
   if(is_due)
      m_next_heartbeat_ms=NextDue(m_next_heartbeat_ms,mono_ms,m_heartbeat_ms);
   return(true);
  }
//+------------------------------------------------------------------+
//| Handle one message; return true for a welcome, command, status   |
//| request, inquiry or scan request, which the program handles.     |
//+------------------------------------------------------------------+
bool CLinkSession::OnFrame(const uchar &frame[],const long mono_ms,const STerminalState &terminal,
                           const SLedgerIdentity &ledger,SMessage &message)
  {
   CMessageReader reader;
   reader.Read(frame,ArraySize(frame),message);
   if(message.type==MESSAGE_MALFORMED || message.type==MESSAGE_UNKNOWN)
     {
      m_state.Count();
      m_log.Debug("message_dropped","dropped: "+message.problem);
      // An error message is never answered: two peers would never stop.
      if(!message.is_error)
         m_frames.Put(ErrorMessage((message.type==MESSAGE_UNKNOWN) ? "UNKNOWN_TYPE" : "MALFORMED",message.problem));
      return(false);
     }
   if(message.type==MESSAGE_ERROR)
     {
      m_state.Count();
      m_log.Warning("message_refused","the sidecar could not read a message: "+message.code+", "+message.message);
      return(false);
     }
   ENUM_LINK_PHASE phase=m_state.Phase();
   bool shaking=(phase==LINK_PHASE_HELLO || phase==LINK_PHASE_PROVE);
   if(phase==LINK_PHASE_HELLO && message.type==MESSAGE_CHALLENGE)
      AnswerChallenge(message,mono_ms,terminal,ledger);
   else if(shaking && message.type==MESSAGE_REFUSED)
      Refuse(message,mono_ms);
   else if(phase==LINK_PHASE_PROVE && message.type==MESSAGE_WELCOME)
      return(Begin(message,mono_ms));
   else if(phase==LINK_PHASE_UP && message.type!=MESSAGE_CHALLENGE && message.type!=MESSAGE_REFUSED
           && message.type!=MESSAGE_WELCOME)
      return(OnSessionMessage(message,mono_ms));
   else
      m_state.Count();
   return(false);
  }
//+------------------------------------------------------------------+
//| End the session: the sidecar refused it, with a remedy.          |
//+------------------------------------------------------------------+
void CLinkSession::Refuse(const SMessage &message,const long mono_ms)
  {
   m_log.Error("session_refused","the sidecar refused the session: "+message.code+", "+message.message+". "+message.remedy);
   Drop(mono_ms,"refused ("+message.code+"): "+message.message,message.remedy,false);
  }
//+------------------------------------------------------------------+
//| Check the sidecar's proof, then send ours.                       |
//+------------------------------------------------------------------+
void CLinkSession::AnswerChallenge(const SMessage &challenge,const long mono_ms,const STerminalState &terminal,
                          const SLedgerIdentity &ledger)
  {
   if(!terminal.account.known)
     {
      Drop(mono_ms,"no account is logged in","",false);
      return;
     }
   string problem="";
   string remedy="";
   if(!m_handshake.CheckChallenge(challenge,problem,remedy))
     {
      m_state.Count();
      Drop(mono_ms,problem,remedy,false);
      return;
     }
   m_claimed=terminal.account;
   m_frames.Put(m_handshake.Prove(challenge,m_claimed,ledger,terminal.server_ms));
   m_state.Enter(LINK_PHASE_PROVE,mono_ms+HANDSHAKE_MS);
  }
//+------------------------------------------------------------------+
//| Begin a session with a welcome. A late welcome is dropped.       |
//+------------------------------------------------------------------+
bool CLinkSession::Begin(const SMessage &message,const long mono_ms)
  {
   if(m_state.Past(mono_ms))
     {
      m_state.Count();
      Drop(mono_ms,"the welcome came too late","",false);
      return(false);
     }
   m_state.SetUp();
   m_account=m_claimed;
   // Sent again behind what was reported since, an order's earlier state would look like a change back.
   if(message.welcome.stored_epoch==m_epoch)
      m_reports.Ack(message.welcome.stored_seq);
   m_reports.Restart();
   m_epoch=message.welcome.epoch;
   m_heartbeat_ms=message.welcome.heartbeat_ms;
   if(m_heartbeat_ms<HEARTBEAT_MIN_MS)
      m_heartbeat_ms=HEARTBEAT_MIN_MS;
   if(m_heartbeat_ms>HEARTBEAT_MAX_MS)
      m_heartbeat_ms=HEARTBEAT_MAX_MS;
   m_max_bytes=(message.welcome.max_message_bytes<MAX_MESSAGE_BYTES) ? (int)message.welcome.max_message_bytes : MAX_MESSAGE_BYTES;
   m_clock.Start(mono_ms);
   m_last_message_ms=mono_ms;
   m_next_heartbeat_ms=mono_ms;
   m_busy=false;
   m_busy_over=false;
   m_log.Info("session_started","connected to the sidecar: epoch "+IntegerToString(m_epoch)+", "+IntegerToString(m_reports.Count())
              +" reports unacknowledged");
   return(true);
  }
//+------------------------------------------------------------------+
//| Handle a message of the session; return true for a command,      |
//| status request, inquiry or scan request.                         |
//+------------------------------------------------------------------+
bool CLinkSession::OnSessionMessage(const SMessage &message,const long mono_ms)
  {
   if(message.epoch!=m_epoch)
     {
      m_state.Count();
      return(false);
     }
   m_last_message_ms=mono_ms;
   switch(message.type)
     {
      case MESSAGE_HEARTBEAT:
         m_clock.Update(message.clock_ms,mono_ms);
         return(false);
      case MESSAGE_ACK:
         if(!m_reports.Ack(message.seq))
            m_state.Count();
         return(false);
      case MESSAGE_BYE:
         Drop(mono_ms,"the sidecar ended the session: "+message.reason,"",false);
         return(false);
      case MESSAGE_COMMAND:
      case MESSAGE_STATUS_REQUEST:
      case MESSAGE_INQUIRE:
      case MESSAGE_SCAN_REQUEST:
         return(true);
      default:
         m_state.Count();
         return(false);
     }
  }
//+------------------------------------------------------------------+
