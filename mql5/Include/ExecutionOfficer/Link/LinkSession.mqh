//+------------------------------------------------------------------+
//|                                                  LinkSession.mqh |
//| Our side of the link: handshake, epochs, reports, heartbeats. No |
//| socket, no clock: messages go in, messages come out, the time is |
//| an argument, in milliseconds of a monotonic clock.               |
//|                                                                  |
//|   phase   what happened                           next           |
//|   DOWN    back-off over, logged in, wire ready    HELLO          |
//|   HELLO   challenge with a good proof             PROVE          |
//|   HELLO   challenge with a wrong proof            DOWN           |
//|   PROVE   welcome within HANDSHAKE_MS             UP             |
//|   PROVE   welcome later than that                 DOWN           |
//|   HELLO, PROVE   refused, or HANDSHAKE_MS over    DOWN           |
//|   UP      bye, another account, DEAD_MS silent    DOWN           |
//|                                                                  |
//| Every way DOWN wants a new socket, since an old one would deliver|
//| what waits in it, and backs off 1, 2, 4, ... 30 s. What fits no  |
//| row is dropped and counted.                                      |
//+------------------------------------------------------------------+
#include "..\Common\Clock.mqh"
#include "..\Common\Log.mqh"
#include "..\Common\TextQueue.mqh"
#include "Handshake.mqh"
#include "LinkClock.mqh"
#include "ReportOutbox.mqh"
#include "SessionState.mqh"

#define HANDSHAKE_MS 5000
#define DEAD_MS 15000             // a sidecar that was silent for so long is gone
#define SILENT_BEATS 3            // after so many missed heartbeats nothing is executed
#define BEAT_LOW_MS 100           // bounds of what a welcome may ask for
#define BEAT_HIGH_MS 5000
//+------------------------------------------------------------------+
//| How the link stands, for people                                  |
//+------------------------------------------------------------------+
struct SLinkStatus
  {
   string            phase;
   string            trouble;     // why there is no session; empty while there is one
   string            remedy;      // which setting to change
   long              epoch;
   long              dropped;     // messages
   int               unacknowledged;
  };
//+------------------------------------------------------------------+
//| One program's sessions with its sidecar, one after the other     |
//+------------------------------------------------------------------+
class CLinkSession
  {
private:
   CSessionState     m_state;
   CReportOutbox       m_reports;
   CLinkClock        m_clock;
   CLog             *m_log;
   CHandshake        m_handshake;
   CTextQueue        m_frames;   // to be sent before any report
   SAccount          m_account;  // whom the session speaks for
   SAccount          m_claimed;  // whom the proof spoke for
   long              m_epoch;
   long              m_heard_ms;
   long              m_beat_ms;
   long              m_next_beat_ms;
   int               m_max_bytes;

   void              Drop(const long mono_ms,const string reason,const string remedy,const bool keep_frames);
   void              Answer(const SHeard &challenge,const long mono_ms,const SStanding &standing,
                            const SLedgerIdentity &ledger);
   bool              Begin(const SHeard &heard,const long mono_ms);
   bool              Hear(const SHeard &heard,const long mono_ms);
   void              Refuse(const SHeard &heard,const long mono_ms);
   void              Release(void);

public:
                     CLinkSession(void);
   void              Start(const string officer,const uchar &key[],const string program,const long poll_interval_s,
                           CEntropy &entropy,CLog &log);
   bool              Up(void) const { return(m_state.Phase()==LINK_PHASE_UP); }
   bool              WantsWire(const long mono_ms,const SStanding &standing) const;
   bool              Hears(const long mono_ms) const;
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
   void              Beat(const SStanding &standing,const bool busy,const long timer_max_us);
   void              Fail(const long mono_ms,const string reason,const string remedy);
   void              Bye(const string reason);
   bool              OnTimer(const long mono_ms,const SStanding &standing,const long timer_max_us,const bool wire_ready);
   bool              OnFrame(const uchar &frame[],const long mono_ms,const SStanding &standing,
                             const SLedgerIdentity &ledger,SHeard &heard);
  };
//+------------------------------------------------------------------+
//| Not started                                                      |
//+------------------------------------------------------------------+
CLinkSession::CLinkSession(void)
  {
   m_log=NULL;
   m_epoch=0;
   m_heard_ms=0;
   m_beat_ms=BEAT_LOW_MS;
   m_next_beat_ms=0;
   m_max_bytes=MAX_MESSAGE_BYTES;
   NoAccount(m_account);
   NoAccount(m_claimed);
  }
//+------------------------------------------------------------------+
//| A load of the program: a new boot, and nothing of an earlier one |
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
   NoAccount(m_account);
   NoAccount(m_claimed);
  }
//+------------------------------------------------------------------+
//| A hello is due, so a connection is needed                        |
//+------------------------------------------------------------------+
bool CLinkSession::WantsWire(const long mono_ms,const SStanding &standing) const
  {
   return(m_state.Phase()==LINK_PHASE_DOWN && m_state.Due(mono_ms) && standing.account.known && standing.connected);
  }
//+------------------------------------------------------------------+
//| The sidecar was heard lately enough for a command to be executed |
//+------------------------------------------------------------------+
bool CLinkSession::Hears(const long mono_ms) const
  {
   return(Up() && mono_ms-m_heard_ms<=SILENT_BEATS*m_beat_ms);
  }
//+------------------------------------------------------------------+
//| How the link stands                                              |
//+------------------------------------------------------------------+
void CLinkSession::Status(SLinkStatus &status) const
  {
   status.phase=m_state.Word();
   status.trouble=m_state.Trouble();
   status.remedy=m_state.Remedy();
   status.epoch=m_epoch;
   status.dropped=m_state.Dropped();
   status.unacknowledged=m_reports.Count();
  }
//+------------------------------------------------------------------+
//| Every report that may go out now                                 |
//+------------------------------------------------------------------+
void CLinkSession::Release(void)
  {
   string frame="";
   while(m_reports.Release(m_epoch,m_max_bytes,frame))
      m_frames.Put(frame);
  }
//+------------------------------------------------------------------+
//| The next message to send, in order; false where there is none    |
//+------------------------------------------------------------------+
bool CLinkSession::TakeFrame(string &frame)
  {
   return(m_frames.Take(frame) || (Up() && m_reports.Release(m_epoch,m_max_bytes,frame)));
  }
//+------------------------------------------------------------------+
//| A heartbeat; `busy` right before a synchronous request           |
//+------------------------------------------------------------------+
void CLinkSession::Beat(const SStanding &standing,const bool busy,const long timer_max_us)
  {
   m_frames.Put(HeartbeatMessage(m_epoch,standing,timer_max_us,busy));
  }
//+------------------------------------------------------------------+
//| The connection failed: messages may be lost, so the session is   |
//+------------------------------------------------------------------+
void CLinkSession::Fail(const long mono_ms,const string reason,const string remedy)
  {
   Drop(mono_ms,reason,remedy,false);
  }
//+------------------------------------------------------------------+
//| End in order. The caller sends the messages, and is done.        |
//+------------------------------------------------------------------+
void CLinkSession::Bye(const string reason)
  {
   if(Up())
     {
      Release();
      m_frames.Put(ByeMessage(m_epoch,reason));
     }
   m_state.Rest();
   NoAccount(m_account);
  }
//+------------------------------------------------------------------+
//| End whatever there was, and back off                             |
//+------------------------------------------------------------------+
void CLinkSession::Drop(const long mono_ms,const string reason,const string remedy,const bool keep_frames)
  {
   long wait_ms=m_state.Drop(mono_ms,reason,remedy,m_handshake.Chance());
   string line="no session: "+reason;
   if(remedy!="")
      line+=". "+remedy;
   m_log.Warning(line);
   m_log.Debug("again in "+IntegerToString(wait_ms)+" ms");
   NoAccount(m_account);
   if(!keep_frames)
      m_frames.Clear();
  }
//+------------------------------------------------------------------+
//| Do what is due. True where a heartbeat went out with             |
//| `timer_max_us`. `wire_ready`: a hello could be sent now.         |
//+------------------------------------------------------------------+
bool CLinkSession::OnTimer(const long mono_ms,const SStanding &standing,const long timer_max_us,const bool wire_ready)
  {
   switch(m_state.Phase())
     {
      case LINK_PHASE_DOWN:
         if(wire_ready && WantsWire(mono_ms,standing))
           {
            m_frames.Put(m_handshake.Hello());
            m_state.Enter(LINK_PHASE_HELLO,mono_ms+HANDSHAKE_MS);
           }
         return(false);
      case LINK_PHASE_HELLO:
      case LINK_PHASE_PROVE:
         if(m_state.Due(mono_ms))
            Drop(mono_ms,"the sidecar did not answer",
                 "Check that the host and port inputs are the sidecar's endpoint",false);
         return(false);
      default:
         break;
     }
   if(!SameAccount(standing.account,m_account))
     {
      // The reports that wait are the old account's. The next session scans the new one's.
      Bye("the terminal is logged in to another account");
      m_reports.Clear();
      Drop(mono_ms,"the account changed","",true);
      return(false);
     }
   if(mono_ms-m_heard_ms>=DEAD_MS)
     {
      Drop(mono_ms,"the sidecar was silent for "+IntegerToString(DEAD_MS/1000)+" s","",false);
      return(false);
     }
   if(mono_ms<m_next_beat_ms)
      return(false);
   Beat(standing,false,timer_max_us);
   m_next_beat_ms=NextDue(m_next_beat_ms,mono_ms,m_beat_ms);
   return(true);
  }
//+------------------------------------------------------------------+
//| Take in one message. True where the program has to act on it: a  |
//| welcome, a command, a settle or an inquiry.                      |
//+------------------------------------------------------------------+
bool CLinkSession::OnFrame(const uchar &frame[],const long mono_ms,const SStanding &standing,
                           const SLedgerIdentity &ledger,SHeard &heard)
  {
   CMessageReader reader;
   reader.Read(frame,ArraySize(frame),heard);
   if(heard.type==HEARD_MALFORMED || heard.type==HEARD_UNKNOWN)
     {
      m_state.Count();
      m_log.Debug("dropped: "+heard.problem);
      // Two peers that answer errors with errors never stop.
      if(!heard.is_error)
         m_frames.Put(ErrorMessage((heard.type==HEARD_UNKNOWN) ? "UNKNOWN_TYPE" : "MALFORMED",heard.problem));
      return(false);
     }
   if(heard.type==HEARD_ERROR)
     {
      m_state.Count();
      m_log.Warning("the sidecar could not read a message: "+heard.code+", "+heard.text);
      return(false);
     }
   ENUM_LINK_PHASE phase=m_state.Phase();
   bool shaking=(phase==LINK_PHASE_HELLO || phase==LINK_PHASE_PROVE);
   if(phase==LINK_PHASE_HELLO && heard.type==HEARD_CHALLENGE)
      Answer(heard,mono_ms,standing,ledger);
   else if(shaking && heard.type==HEARD_REFUSED)
      Refuse(heard,mono_ms);
   else if(phase==LINK_PHASE_PROVE && heard.type==HEARD_WELCOME)
      return(Begin(heard,mono_ms));
   else if(phase==LINK_PHASE_UP && heard.type!=HEARD_CHALLENGE && heard.type!=HEARD_REFUSED
           && heard.type!=HEARD_WELCOME)
      return(Hear(heard,mono_ms));
   else
      m_state.Count();
   return(false);
  }
//+------------------------------------------------------------------+
//| The sidecar refuses us, and says which setting to change         |
//+------------------------------------------------------------------+
void CLinkSession::Refuse(const SHeard &heard,const long mono_ms)
  {
   m_log.Error("the sidecar refused: "+heard.code+", "+heard.text+". "+heard.remedy);
   Drop(mono_ms,"refused ("+heard.code+"): "+heard.text,heard.remedy,false);
  }
//+------------------------------------------------------------------+
//| A challenge: check the sidecar's proof, then give ours           |
//+------------------------------------------------------------------+
void CLinkSession::Answer(const SHeard &challenge,const long mono_ms,const SStanding &standing,
                          const SLedgerIdentity &ledger)
  {
   if(!standing.account.known)
     {
      Drop(mono_ms,"the account logged out","",false);
      return;
     }
   string problem="";
   string remedy="";
   if(!m_handshake.Trusts(challenge,problem,remedy))
     {
      m_state.Count();
      Drop(mono_ms,problem,remedy,false);
      return;
     }
   m_claimed=standing.account;
   m_frames.Put(m_handshake.Prove(challenge,m_claimed,ledger,standing.server_ms));
   m_state.Enter(LINK_PHASE_PROVE,mono_ms+HANDSHAKE_MS);
  }
//+------------------------------------------------------------------+
//| A welcome. One that is too old says nothing of now.              |
//+------------------------------------------------------------------+
bool CLinkSession::Begin(const SHeard &heard,const long mono_ms)
  {
   if(m_state.Past(mono_ms))
     {
      m_state.Count();
      Drop(mono_ms,"the welcome came too late","",false);
      return(false);
     }
   m_state.Stand();
   m_account=m_claimed;
   m_reports.Restart();
   m_epoch=heard.welcome.epoch;
   m_beat_ms=heard.welcome.heartbeat_ms;
   if(m_beat_ms<BEAT_LOW_MS)
      m_beat_ms=BEAT_LOW_MS;
   if(m_beat_ms>BEAT_HIGH_MS)
      m_beat_ms=BEAT_HIGH_MS;
   m_max_bytes=(heard.welcome.max_bytes<MAX_MESSAGE_BYTES) ? (int)heard.welcome.max_bytes : MAX_MESSAGE_BYTES;
   m_clock.Start(mono_ms);
   m_heard_ms=mono_ms;
   m_next_beat_ms=mono_ms;
   m_log.Info("connected to the sidecar: epoch "+IntegerToString(m_epoch)+", "+IntegerToString(m_reports.Count())
              +" reports unacknowledged");
   return(true);
  }
//+------------------------------------------------------------------+
//| A message of the session. True for a command, a settle or an     |
//| inquiry.                                                         |
//+------------------------------------------------------------------+
bool CLinkSession::Hear(const SHeard &heard,const long mono_ms)
  {
   if(heard.epoch!=m_epoch)
     {
      m_state.Count();
      return(false);
     }
   m_heard_ms=mono_ms;
   switch(heard.type)
     {
      case HEARD_HEARTBEAT:
         m_clock.Heard(heard.number,mono_ms);
         return(false);
      case HEARD_ACK:
         if(!m_reports.Ack(heard.number))
            m_state.Count();
         return(false);
      case HEARD_BYE:
         Drop(mono_ms,"the sidecar says bye: "+heard.text,"",false);
         return(false);
      default:
         return(true);
     }
  }
//+------------------------------------------------------------------+
