//+------------------------------------------------------------------+
//|                                                      Officer.mqh |
//| Connection, session, ledger and work, driven by one timer. Each  |
//| timer call does a bounded amount of work, and sends at most one  |
//| order.                                                           |
//+------------------------------------------------------------------+
#include "..\Flatten\Flatten.mqh"
#include "..\Wire\Connection.mqh"
#include "ConnectionHints.mqh"
#include "Panel.mqh"
#include "Settings.mqh"
#include "Work.mqh"

#define MESSAGES_PER_CALL 64       // messages read in one timer call: a flood must not stop the heartbeat
#define BYE_FLUSHES 5
//+------------------------------------------------------------------+
//| One load of the program.                                         |
//+------------------------------------------------------------------+
class COfficer
  {
private:
   SSettings         m_settings;
   string            m_program;
   string            m_problem; // an invalid input; nothing is done then
   CLog              m_log;
   CEntropy          m_entropy;
   CConnection       m_connection;
   CLedger           m_ledger;
   CLinkSession      m_session;
   CWork             m_work;
   CFlatten          m_flatten;
   CPanel            m_panel;
   STerminalState    m_terminal;
   SAccount          m_ledger_account;
   bool              m_all_read; // no message of the sidecar waits
   bool              m_connected;
   bool              m_seen_connected;
   long              m_connected_since_ms;
   long              m_connect_until_ms;
   string            m_forbidden_by;
   string            m_last_alarm;
   long              m_connection_counter;
   long              m_trouble_counter;
   long              m_timer_max_us;

   void              ReadTerminal(const long mono_ms);
   void              ReportChanges(const long mono_ms);
   void              Flatten(const long mono_ms);
   void              Alarm(const string code,const string message);
   void              Connect(const long mono_ms);
   bool              OpenLedger(const long mono_ms);
   void              ReceiveMessages(const long mono_ms);
   void              RunSession(const long mono_ms);
   void              SendMessages(void);
   void              ShowPanel(void);

public:
                     COfficer(void);
   void              Load(SSettings &settings,const string program);
   void              Unload(const int reason);
   void              OnTimer(void);
   void              OnTransaction(void);
   void              OnClick(const string name);
   int               TimerMs(void) const;
  };
//+------------------------------------------------------------------+
//| Create it without a load.                                        |
//+------------------------------------------------------------------+
COfficer::COfficer(void)
  {
   m_problem="not loaded";
   m_all_read=false;
   m_connected=false;
   m_seen_connected=false;
   ClearAccount(m_ledger_account);
  }
//+------------------------------------------------------------------+
//| Start a load of the program. Globals survive a change of         |
//| timeframe or inputs: everything is reset, and a new instance id  |
//| is drawn.                                                        |
//+------------------------------------------------------------------+
void COfficer::Load(SSettings &settings,const string program)
  {
   uchar key[];
   NormalizeSettings(settings);
   m_settings=settings;
   m_program=program;
   m_problem=SettingProblem(settings);
   m_log.Level(settings.log_level);
   m_connection.Close();
   m_ledger.Close();
   m_panel.Remove();
   ClearAccount(m_ledger_account);
   m_connected=false;
   m_seen_connected=false;
   m_connected_since_ms=0;
   m_connect_until_ms=0;
   m_forbidden_by="";
   m_last_alarm="";
   m_connection_counter=0;
   m_trouble_counter=0;
   m_timer_max_us=0;
   HexBytes(settings.key,KEY_BYTES,key);
   m_entropy.Seed(settings.key);
   m_session.Start(settings.officer,key,program,settings.poll_interval_s,m_entropy,m_log);
   m_work.Load(m_session,m_ledger,settings.risk_limits,m_log);
   m_flatten.Load(m_ledger,settings.risk_limits,m_log);
   if(m_problem!="")
      m_log.Error("input_invalid",m_problem);
   else
      m_log.Info("program_loaded",program+" for "+settings.officer+", sidecar at "+settings.host+":"+IntegerToString(settings.port)
                 +", instance "+m_session.InstanceId());
   ReadTerminalState(m_terminal);
   ShowPanel();
  }
//+------------------------------------------------------------------+
//| End in order: send the reports that wait, then bye. The terminal |
//| waits for 2.5 s at most.                                         |
//+------------------------------------------------------------------+
void COfficer::Unload(const int reason)
  {
   string frame="";
   m_work.Drop();
   m_session.Bye(DeinitReason(reason));
   while(m_session.TakeFrame(frame))
      m_connection.Send(frame);
   for(int i=0; i<BYE_FLUSHES; i++)
      m_connection.Flush();
   m_connection.Close();
   m_ledger.Close();
   m_panel.Remove();
   m_log.Info("program_unloaded","the program ends: "+DeinitReason(reason));
   m_problem="not loaded";
  }
//+------------------------------------------------------------------+
//| Return the interval of the timer.                                |
//+------------------------------------------------------------------+
int COfficer::TimerMs(void) const
  {
   return(m_settings.timer_ms);
  }
//+------------------------------------------------------------------+
//| Do what is due.                                                  |
//+------------------------------------------------------------------+
void COfficer::OnTimer(void)
  {
   long started_us=MonoUs();
   long mono_ms=MonoMs();
   if(m_problem=="")
     {
      m_connection.NextCall();
      ReadTerminal(mono_ms);
      ReportChanges(mono_ms);
      Connect(mono_ms);
      Flatten(mono_ms);
      ReceiveMessages(mono_ms);
      RunSession(mono_ms);
      SendMessages();
      // The socket took 'busy': the order need not wait for another timer call.
      if(m_work.BusySent() && m_connection.AllSent())
        {
         RunSession(MonoMs());
         SendMessages();
        }
     }
   if(m_panel.Due(mono_ms))
      ShowPanel();
   long took_us=MonoUs()-started_us;
   if(took_us>m_timer_max_us)
      m_timer_max_us=took_us;
  }
//+------------------------------------------------------------------+
//| Schedule a scan: something was traded. Details are read from the |
//| broker's records.                                                |
//+------------------------------------------------------------------+
void COfficer::OnTransaction(void)
  {
   m_work.ScanSoon();
  }
//+------------------------------------------------------------------+
//| Handle a click on an object of the chart. The timer does the     |
//| work.                                                            |
//+------------------------------------------------------------------+
void COfficer::OnClick(const string name)
  {
   if(m_problem!="" || !m_panel.IsButton(name))
      return;
   m_panel.Release();
   m_flatten.Click(MonoMs());
   m_work.Halt(m_flatten.Stopped() ? FLATTENED_MESSAGE : "");
   ShowPanel();
  }
//+------------------------------------------------------------------+
//| Read the state of the terminal. While the button is pressed      |
//| trading is off, as without a permission.                         |
//+------------------------------------------------------------------+
void COfficer::ReadTerminal(const long mono_ms)
  {
   ReadTerminalState(m_terminal);
   if(m_flatten.Restore(m_terminal.account,mono_ms))
      m_work.Halt(FLATTENED_MESSAGE);
   if(m_flatten.Stopped() && m_terminal.trade_forbidden_by=="")
      m_terminal.trade_forbidden_by=FLATTENED_MESSAGE;
   m_work.Update(mono_ms,m_terminal);
  }
//+------------------------------------------------------------------+
//| Close and remove what is ours, where the button was pressed. It  |
//| requires no session, but the ledger, which identifies it; the    |
//| ledger is open once a session was tried.                         |
//+------------------------------------------------------------------+
void COfficer::Flatten(const long mono_ms)
  {
   if(!m_flatten.Stopped() || !m_terminal.broker_connected || !m_ledger.IsOpenFor(m_terminal.account) || !m_flatten.Prepare(mono_ms))
      return;
   // The request does not wait for a socket that does not take 'busy'.
   m_session.BeginBusy(m_terminal);
   SendMessages();
   m_flatten.Send(mono_ms);
   m_session.EndBusy();
   m_work.ScanSoon();
  }
//+------------------------------------------------------------------+
//| Report a change of the connection, and a missing permission.     |
//+------------------------------------------------------------------+
void COfficer::ReportChanges(const long mono_ms)
  {
   if(m_terminal.broker_connected!=m_connected)
     {
      m_connected=m_terminal.broker_connected;
      if(m_connected)
        {
         m_connected_since_ms=mono_ms;
         m_work.RescanNow(mono_ms);
        }
      // The first connection is not a reconnection.
      if(m_seen_connected)
        {
         m_connection_counter++;
         m_session.Post(ConnectionReport(m_session.InstanceId(),m_connection_counter,m_connected));
         m_log.Warning(m_connected ? "broker_connected" : "broker_disconnected",
                       m_connected ? "the broker is connected again" : "the connection to the broker is lost");
        }
      m_seen_connected=true;
     }
   // While disconnected, every permission looks missing.
   if(!m_terminal.broker_connected || !m_terminal.account.known || m_terminal.trade_forbidden_by==m_forbidden_by)
      return;
   m_forbidden_by=m_terminal.trade_forbidden_by;
   if(m_forbidden_by!="")
      Alarm("TRADING_OFF",m_forbidden_by);
  }
//+------------------------------------------------------------------+
//| Raise an alarm through the sidecar, the log and the panel.       |
//+------------------------------------------------------------------+
void COfficer::Alarm(const string code,const string message)
  {
   if(message=="")
      return;
   m_trouble_counter++;
   m_session.Post(TroubleReport(m_session.InstanceId(),m_trouble_counter,code,message));
   m_log.Error("alarm_"+LowerCase(code),message);
   m_last_alarm=message;
  }
//+------------------------------------------------------------------+
//| Open a connection where a session is due.                        |
//+------------------------------------------------------------------+
void COfficer::Connect(const long mono_ms)
  {
   if(m_connection.IsOpen())
     {
      if(!m_connection.Ready() && !m_connection.Broken() && mono_ms>=m_connect_until_ms)
         m_session.Fail(mono_ms,"the peer did not finish the ZMTP handshake",
                        "Set the port input to the port of the sidecar's [link] endpoint");
      return;
     }
   if(!m_session.WantsConnection(mono_ms,m_terminal) || !OpenLedger(mono_ms))
      return;
   m_connect_until_ms=mono_ms+HANDSHAKE_MS;
   if(!m_connection.Open(m_settings.host,m_settings.port))
      m_session.Fail(mono_ms,m_connection.Reason(),SocketHint(m_connection.ErrorNumber(),m_settings.host,m_settings.port));
  }
//+------------------------------------------------------------------+
//| Open the ledger of the present account.                          |
//+------------------------------------------------------------------+
bool COfficer::OpenLedger(const long mono_ms)
  {
   if(m_ledger.IsOpenFor(m_terminal.account))
      return(true);
   if(m_ledger_account.known && !SameAccount(m_ledger_account,m_terminal.account))
     {
      // The waiting reports are the other account's.
      m_session.ForgetReports();
      m_work.Forget();
     }
   m_ledger_account=m_terminal.account;
   if(m_ledger.Open(m_terminal.account,m_entropy))
      return(true);
   m_session.Fail(mono_ms,m_ledger.Problem(),"");
   return(false);
  }
//+------------------------------------------------------------------+
//| Receive and handle the messages of the sidecar.                  |
//+------------------------------------------------------------------+
void COfficer::ReceiveMessages(const long mono_ms)
  {
   uchar frame[];
   SMessage message;
   SLedgerIdentity ledger;
   m_connection.Receive();
   m_all_read=false;
   for(int i=0; i<MESSAGES_PER_CALL; i++)
     {
      if(!m_connection.Next(frame))
        {
         m_all_read=true;
         break;
        }
      m_ledger.Enter(m_session.InstanceId());
      m_ledger.Identity(ledger);
      if(m_session.OnFrame(frame,mono_ms,m_terminal,ledger,message))
         m_work.OnMessage(message,mono_ms);
     }
   if(m_connection.Broken())
      m_session.Fail(mono_ms,m_connection.Reason(),SocketHint(m_connection.ErrorNumber(),m_settings.host,m_settings.port));
  }
//+------------------------------------------------------------------+
//| Run the session's timer, then the work.                          |
//+------------------------------------------------------------------+
void COfficer::RunSession(const long mono_ms)
  {
   if(m_session.OnTimer(mono_ms,m_terminal,m_timer_max_us,m_connection.Ready()))
      m_timer_max_us=0;
   if(!m_session.Up())
     {
      m_work.Drop();
      return;
     }
   m_work.Step(mono_ms,m_terminal,m_connected ? mono_ms-m_connected_since_ms : 0,m_connection.AllSent() && m_all_read);
   Alarm("LEDGER",m_work.TakeLedgerAlarm());
   Alarm("POSITIONS",m_work.TakeScanAlarm());
   Alarm("REPORTS",m_session.TakeReportAlarm());
  }
//+------------------------------------------------------------------+
//| Send the queued messages, and close a connection where a new one |
//| is needed.                                                       |
//+------------------------------------------------------------------+
void COfficer::SendMessages(void)
  {
   string frame="";
   while(m_session.TakeFrame(frame))
      m_connection.Send(frame);
   m_connection.Flush();
   if(m_session.TakeReconnect())
      m_connection.Close();
  }
//+------------------------------------------------------------------+
//| Show the state on the chart.                                     |
//+------------------------------------------------------------------+
void COfficer::ShowPanel(void)
  {
   m_panel.Start();
   // With an invalid input nothing works, including the button.
   m_panel.Button((m_problem=="") ? m_flatten.ButtonText(MonoMs()) : "not working");
   m_panel.Line(m_program+"   "+m_settings.officer,PANEL_TONE_PLAIN);
   if(m_problem!="")
     {
      m_panel.Text("Not working: "+m_problem,PANEL_TONE_BAD);
      m_panel.Show();
      return;
     }
   SLinkStatus link;
   bool up=m_session.Up();
   m_session.Status(link);
   m_panel.Line("Link: "+link.phase+(up ? ", epoch "+IntegerToString(link.epoch) : ""),
                up ? PANEL_TONE_GOOD : PANEL_TONE_BAD);
   if(m_terminal.account.known)
      m_panel.Line("Account: "+IntegerToString(m_terminal.account.login)+" at "+m_terminal.account.server+" ("
                   +m_terminal.account.trade_mode+")",PANEL_TONE_PLAIN);
   else
      m_panel.Line("Account: no account is logged in",PANEL_TONE_BAD);
   if(!m_terminal.broker_connected)
      m_panel.Line("Broker: no connection",PANEL_TONE_BAD);
   else if(m_terminal.trade_forbidden_by!="")
      m_panel.Text("Trading is off. "+m_terminal.trade_forbidden_by,PANEL_TONE_BAD);
   else
      m_panel.Line("Broker: connected, trading is allowed",PANEL_TONE_GOOD);
   m_panel.Text(m_flatten.Status(),PANEL_TONE_BAD);
   m_panel.Line("Waiting: "+IntegerToString(m_work.Commands())+" commands, "
                +IntegerToString(link.unacknowledged)+" reports",PANEL_TONE_PLAIN);
   if(!up && link.trouble!="")
      m_panel.Text("Last error: "+link.trouble,PANEL_TONE_BAD);
   if(!up && link.remedy!="")
      m_panel.Text("Action required: "+link.remedy,PANEL_TONE_BAD);
   if(m_last_alarm!="" && m_last_alarm!=m_terminal.trade_forbidden_by)
      m_panel.Text("Last alarm: "+m_last_alarm,PANEL_TONE_BAD);
   m_panel.Show();
  }
//+------------------------------------------------------------------+
