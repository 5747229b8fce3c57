//+------------------------------------------------------------------+
//|                                                         Work.mqh |
//| Work of a session: commands to execute, status requests and      |
//| inquiries to answer, the broker's records to report.             |
//+------------------------------------------------------------------+
#include "..\Orders\Executor.mqh"
#include "..\Reports\Scanner.mqh"
#include "..\Symbols\SymbolInquiries.mqh"
#include "WorkQueue.mqh"

#define STATUS_REQUESTS_PER_CALL 4            // answered by one timer call
#define QUOTE_WAIT_MS 2000        // a symbol that was just added to Market Watch has no quote at first
//+------------------------------------------------------------------+
//| Work of one load of the program.                                 |
//+------------------------------------------------------------------+
class CWork
  {
private:
   CLinkSession     *m_session;
   CLog             *m_log;
   CReportFilter     m_filter;
   CExecutor         m_executor;
   CScanner          m_scanner;
   CSymbolInquiries  m_inquiries;
   CWorkQueue        m_queue;
   string            m_halted_by; // why no command is executed; empty: commands are executed
   bool              m_busy_sent; // 'busy' was sent; the order is sent next

   void              TakeCommand(SCommand &command,const long mono_ms);
   void              RefuseHalted(const SCommand &command);
   void              EndBusy(void);
   void              AnswerStatusRequests(const long connected_ms);
   void              ExecuteOne(const STerminalState &terminal,const long connected_ms,const bool none_waits);
   bool              AwaitsPosition(const SCommand &command,const STerminalState &terminal) const;
   bool              AwaitsQuote(const SCommand &command,const long mono_ms,const STerminalState &terminal) const;

public:
                     CWork(void);
   void              Load(CLinkSession &session,CLedger &ledger,const SRiskLimits &risk_limits,CLog &log);
   void              Drop(void);
   void              OnMessage(SMessage &message,const long mono_ms);
   void              Step(const long mono_ms,const STerminalState &terminal,const long connected_ms,const bool none_waits);
   bool              BusySent(void) const { return(m_busy_sent); }
   int               Commands(void) const { return(m_queue.Commands()); }
   void              Update(const long mono_ms,const STerminalState &terminal) { m_executor.Update(mono_ms,terminal); }
   void              ScanSoon(void) { m_scanner.ScanSoon(); }
   void              RescanNow(const long mono_ms) { m_scanner.RescanNow(mono_ms); }
   void              Forget(void) { m_scanner.Forget(); }
   void              Halt(const string reason);
   string            TakeLedgerAlarm(void) { return(m_executor.TakeAlarm()); }
   string            TakeScanAlarm(void) { return(m_scanner.TakeAlarm()); }
  };
//+------------------------------------------------------------------+
//| Create it without a session.                                     |
//+------------------------------------------------------------------+
CWork::CWork(void)
  {
   m_session=NULL;
   m_log=NULL;
   m_busy_sent=false;
   m_halted_by="";
  }
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CWork::Load(CLinkSession &session,CLedger &ledger,const SRiskLimits &risk_limits,CLog &log)
  {
   m_session=GetPointer(session);
   m_log=GetPointer(log);
   m_filter.Load(session);
   m_executor.Load(session,ledger,m_filter,risk_limits,log);
   m_scanner.Load(session,ledger,m_filter);
   m_inquiries.Load(session);
   m_halted_by="";
   Drop();
  }
//+------------------------------------------------------------------+
//| Drop what waits: the session ended.                              |
//+------------------------------------------------------------------+
void CWork::Drop(void)
  {
   m_queue.Forget();
   m_inquiries.Drop();
   EndBusy();
  }
//+------------------------------------------------------------------+
//| Refuse all commands from now on, and those that wait. An empty   |
//| reason ends the halt.                                            |
//+------------------------------------------------------------------+
void CWork::Halt(const string reason)
  {
   SCommand command;
   m_halted_by=reason;
   if(reason=="")
      return;
   EndBusy();
   while(m_queue.FirstCommand(command))
     {
      m_queue.DropCommand();
      RefuseHalted(command);
     }
  }
//+------------------------------------------------------------------+
//| No order is sent next.                                           |
//+------------------------------------------------------------------+
void CWork::EndBusy(void)
  {
   if(m_busy_sent)
      m_session.EndBusy();
   m_busy_sent=false;
  }
//+------------------------------------------------------------------+
//| Handle a message of the session. Any other type is an error.     |
//+------------------------------------------------------------------+
void CWork::OnMessage(SMessage &message,const long mono_ms)
  {
   switch(message.type)
     {
      case MESSAGE_WELCOME:
         Drop();
         m_scanner.Begin(message.welcome);
         break;
      case MESSAGE_COMMAND:
         TakeCommand(message.command,mono_ms);
         break;
      case MESSAGE_STATUS_REQUEST:
         if(!m_queue.PutStatusRequest(message.status_request))
            m_log.Warning("status_requests_full","more status requests than can wait; the sidecar repeats them");
         break;
      case MESSAGE_INQUIRE:
         if(!m_inquiries.Put(message.inquiry))
            m_log.Warning("inquiries_full","more inquiries than can wait; the sidecar repeats them");
         break;
      case MESSAGE_SCAN_REQUEST:
         m_scanner.RequestScan();
         break;
      default:
         m_log.Error("message_not_supported","no handler for "+EnumToString(message.type)+"; the message is dropped");
         break;
     }
  }
//+------------------------------------------------------------------+
//| Answer a command at once, or queue it.                           |
//+------------------------------------------------------------------+
void CWork::TakeCommand(SCommand &command,const long mono_ms)
  {
   if(m_queue.Holds(command) || m_executor.AnsweredBefore(command))
      return;
   command.arrived_ms=mono_ms;
   if(m_halted_by!="")
     {
      RefuseHalted(command);
      return;
     }
   if(!m_queue.PutCommand(command))
     {
      m_executor.Refuse(command,"BUSY",IntegerToString(QUEUE_COMMANDS_MAX)+" commands are waiting");
      return;
     }
   m_executor.PostReceived(command);
   // It has taken the place of an open that was the next one, and is announced like any other.
   SCommand first;
   if(m_queue.FirstCommand(first) && first.order.client_order_id==command.order.client_order_id)
      EndBusy();
   // A symbol outside Market Watch has no quotes.
   string symbol=TargetSymbol(command.order);
   if(SymbolInfoInteger(symbol,SYMBOL_SELECT)==0)
      SymbolSelect(symbol,true);
  }
//+------------------------------------------------------------------+
//| Do a bounded amount of work. `connected_ms`: time for which the  |
//| broker has been connected. `none_waits`: no message waits, in    |
//| either direction.                                                |
//+------------------------------------------------------------------+
void CWork::Step(const long mono_ms,const STerminalState &terminal,const long connected_ms,const bool none_waits)
  {
   AnswerStatusRequests(connected_ms);
   ExecuteOne(terminal,connected_ms,none_waits);
   if(!terminal.broker_connected)
      return;
   m_inquiries.Step(mono_ms);
   m_scanner.Step(mono_ms);
  }
//+------------------------------------------------------------------+
//| Refuse a command while none is executed. One that may have been  |
//| sent before is not refused for good: it was not searched.        |
//+------------------------------------------------------------------+
void CWork::RefuseHalted(const SCommand &command)
  {
   bool searched=(command.search_from_server_ms==0 || IsChange(command.order));
   m_executor.Refuse(command,searched ? "TRADING_OFF" : "UNSEARCHED",m_halted_by);
  }
//+------------------------------------------------------------------+
//| Answer a few status requests.                                    |
//+------------------------------------------------------------------+
void CWork::AnswerStatusRequests(const long connected_ms)
  {
   SStatusRequest status_request;
   for(int i=0; i<STATUS_REQUESTS_PER_CALL && m_queue.TakeStatusRequest(status_request); i++)
      m_executor.AnswerStatusRequest(status_request,connected_ms);
  }
//+------------------------------------------------------------------+
//| Execute one command in two calls: the first sends 'busy', the    |
//| second sends the order once 'busy' has left.                     |
//+------------------------------------------------------------------+
void CWork::ExecuteOne(const STerminalState &terminal,const long connected_ms,const bool none_waits)
  {
   SCommand command;
   SAccount account;
   // Status requests, a connect or the button may have taken seconds since the timer call began.
   long mono_ms=MonoMs();
   m_session.Account(account);
   if(!account.known || !m_session.SidecarAlive(mono_ms) || !m_queue.FirstCommand(command))
     {
      EndBusy();
      return;
     }
   if(!m_busy_sent)
     {
      if(!m_executor.Searched(command,connected_ms) || AwaitsPosition(command,terminal) || AwaitsQuote(command,mono_ms,terminal))
         return;
      m_session.BeginBusy(terminal);
      m_busy_sent=true;
      return;
     }
   // Not before the socket took 'busy': a synchronous request may block for long. Not while messages are unread: a
   // frozen terminal that wakes finds the end of its session behind them.
   if(!none_waits)
      return;
   m_queue.DropCommand();
   m_executor.Execute(command,account);
   EndBusy();
  }
//+------------------------------------------------------------------+
//| Return whether the command's position may still enter the lists. |
//| Its deals are reported as soon as the history has them.          |
//+------------------------------------------------------------------+
bool CWork::AwaitsPosition(const SCommand &command,const STerminalState &terminal) const
  {
   return(terminal.broker_connected && command.order.position!=0 && m_executor.IsUnseen(command.order.opener));
  }
//+------------------------------------------------------------------+
//| Return whether the quote of a symbol that was just selected may  |
//| still come.                                                      |
//+------------------------------------------------------------------+
bool CWork::AwaitsQuote(const SCommand &command,const long mono_ms,const STerminalState &terminal) const
  {
   MqlTick tick;
   bool custom=false;
   if(IsChange(command.order) || mono_ms-command.arrived_ms>=QUOTE_WAIT_MS)
      return(false);
   return(terminal.broker_connected && SymbolExist(command.order.symbol,custom) && !ReadQuote(command.order.symbol,tick));
  }
//+------------------------------------------------------------------+
