//+------------------------------------------------------------------+
//|                                                         Work.mqh |
//| What a session brings to do: commands to execute, settles to     |
//| answer, the broker's records to report.                          |
//+------------------------------------------------------------------+
#include "..\Orders\Executor.mqh"
#include "..\Reports\Scanner.mqh"
#include "..\Symbols\SymbolInquiries.mqh"
#include "WorkQueue.mqh"

#define WORK_STATUS_REQUESTS 4            // answered by one timer call
#define QUOTE_WAIT_MS 2000        // a symbol that was just added to Market Watch has no quote yet
//+------------------------------------------------------------------+
//| Of one load of the program                                       |
//+------------------------------------------------------------------+
class CWork
  {
private:
   CLinkSession     *m_session;
   CLog             *m_log;
   CSight            m_sight;
   CExecutor         m_executor;
   CScanner          m_scanner;
   CInquiries        m_inquiries;
   CWorkQueue        m_queue;
   string            m_halted_by;    // why no command is executed; empty: they are
   bool              m_announced;    // 'busy' was said; the order goes out next

   void              TakeCommand(SCommand &command,const long mono_ms);
   void              StatusRequestSome(const long connected_ms);
   void              ExecuteOne(const SStanding &standing,const bool all_sent);
   bool              AwaitsPosition(const SCommand &command,const SStanding &standing) const;
   bool              AwaitsQuote(const SCommand &command,const long mono_ms,const SStanding &standing) const;

public:
                     CWork(void);
   void              Load(CLinkSession &session,CLedger &ledger,const SLimits &limits,CLog &log);
   void              Drop(void);
   void              Take(SHeard &heard,const long mono_ms);
   void              Step(const long mono_ms,const SStanding &standing,const long connected_ms,const bool all_sent);
   bool              Announced(void) const { return(m_announced); }
   int               Commands(void) const { return(m_queue.Commands()); }
   void              Beat(const long mono_ms,const SStanding &standing) { m_executor.Beat(mono_ms,standing); }
   void              Hint(void) { m_scanner.Hint(); }
   void              Hurry(const long mono_ms) { m_scanner.Hurry(mono_ms); }
   void              Forget(void) { m_scanner.Forget(); }
   void              Halt(const string reason);
   string            TakeLedgerAlarm(void) { return(m_executor.TakeAlarm()); }
   string            TakeScanAlarm(void) { return(m_scanner.TakeAlarm()); }
  };
//+------------------------------------------------------------------+
//| Of no session                                                    |
//+------------------------------------------------------------------+
CWork::CWork(void)
  {
   m_session=NULL;
   m_log=NULL;
   m_announced=false;
   m_halted_by="";
  }
//+------------------------------------------------------------------+
//| A load of the program                                            |
//+------------------------------------------------------------------+
void CWork::Load(CLinkSession &session,CLedger &ledger,const SLimits &limits,CLog &log)
  {
   m_session=GetPointer(session);
   m_log=GetPointer(log);
   m_sight.Load(session);
   m_executor.Load(session,ledger,m_sight,limits,log);
   m_scanner.Load(session,ledger,m_sight);
   m_inquiries.Load(session);
   m_halted_by="";
   Drop();
  }
//+------------------------------------------------------------------+
//| The session is no more: what waits is not done                   |
//+------------------------------------------------------------------+
void CWork::Drop(void)
  {
   m_queue.Forget();
   m_inquiries.Drop();
   m_announced=false;
  }
//+------------------------------------------------------------------+
//| Execute no command from now on, nor what waits; an empty reason  |
//| lets them go on                                                  |
//+------------------------------------------------------------------+
void CWork::Halt(const string reason)
  {
   SCommand command;
   m_halted_by=reason;
   if(reason=="")
      return;
   m_announced=false;
   while(m_queue.FirstCommand(command))
     {
      m_queue.DropCommand();
      m_executor.Refuse(command,"TRADING_OFF",reason);
     }
  }
//+------------------------------------------------------------------+
//| What the session hands on                                        |
//+------------------------------------------------------------------+
void CWork::Take(SHeard &heard,const long mono_ms)
  {
   switch(heard.type)
     {
      case HEARD_WELCOME:
         Drop();
         m_scanner.Begin(heard.welcome);
         break;
      case HEARD_COMMAND:
         TakeCommand(heard.command,mono_ms);
         break;
      case HEARD_STATUS_REQUEST:
         if(!m_queue.PutStatusRequest(heard.status_request))
            m_log.Warning("more settles than can wait; the sidecar asks again");
         break;
      case HEARD_INQUIRE:
         if(!m_inquiries.Put(heard.inquiry))
            m_log.Warning("more inquiries than can wait; the sidecar asks again");
         break;
      default:
         break;
     }
  }
//+------------------------------------------------------------------+
//| A command: answered at once, or put into the queue               |
//+------------------------------------------------------------------+
void CWork::TakeCommand(SCommand &command,const long mono_ms)
  {
   if(m_queue.Holds(command) || m_executor.Answered(command))
      return;
   command.arrived_ms=mono_ms;
   if(m_halted_by!="")
     {
      m_executor.Refuse(command,"TRADING_OFF",m_halted_by);
      return;
     }
   if(!m_queue.PutCommand(command))
     {
      m_executor.Refuse(command,"BUSY",IntegerToString(QUEUE_COMMANDS)+" commands are waiting");
      return;
     }
   m_executor.Receive(command);
   // Without a place in Market Watch a symbol has no quotes.
   if(SymbolInfoInteger(command.order.symbol,SYMBOL_SELECT)==0)
      SymbolSelect(command.order.symbol,true);
  }
//+------------------------------------------------------------------+
//| A bounded amount of work. `connected_ms`: for how long the broker|
//| has been connected. `all_sent`: everything said is on its way.   |
//+------------------------------------------------------------------+
void CWork::Step(const long mono_ms,const SStanding &standing,const long connected_ms,const bool all_sent)
  {
   StatusRequestSome(connected_ms);
   ExecuteOne(standing,all_sent);
   if(!standing.connected)
      return;
   m_inquiries.Step(mono_ms);
   m_scanner.Step(mono_ms);
  }
//+------------------------------------------------------------------+
//| Answer a few settles                                             |
//+------------------------------------------------------------------+
void CWork::StatusRequestSome(const long connected_ms)
  {
   SStatusRequest status_request;
   for(int i=0; i<WORK_STATUS_REQUESTS && m_queue.TakeStatusRequest(status_request); i++)
      m_executor.StatusRequest(status_request,connected_ms);
  }
//+------------------------------------------------------------------+
//| One command in two turns: the first says 'busy' and lets that    |
//| out of the door, the second sends                                |
//+------------------------------------------------------------------+
void CWork::ExecuteOne(const SStanding &standing,const bool all_sent)
  {
   SCommand command;
   SAccount account;
   // Settles, a connect or the button may have taken seconds since the timer call began.
   long mono_ms=MonoMs();
   m_session.Account(account);
   if(!account.known || !m_session.Hears(mono_ms) || !m_queue.FirstCommand(command))
     {
      m_announced=false;
      return;
     }
   if(!m_announced)
     {
      if(AwaitsPosition(command,standing) || AwaitsQuote(command,mono_ms,standing))
         return;
      m_session.Beat(standing,true,0);
      m_announced=true;
      return;
     }
   // Not before 'busy' is with the system: a synchronous request may keep us silent for long.
   if(!all_sent)
      return;
   m_announced=false;
   m_queue.DropCommand();
   m_executor.Execute(command,account);
  }
//+------------------------------------------------------------------+
//| Whether the position that it is about may still come to be shown:|
//| its deals are told as soon as they are in the history            |
//+------------------------------------------------------------------+
bool CWork::AwaitsPosition(const SCommand &command,const SStanding &standing) const
  {
   return(standing.connected && command.order.position!=0 && m_executor.Unseen(command.order.opener));
  }
//+------------------------------------------------------------------+
//| Whether a quote of a symbol that was just selected may still come|
//+------------------------------------------------------------------+
bool CWork::AwaitsQuote(const SCommand &command,const long mono_ms,const SStanding &standing) const
  {
   MqlTick tick;
   bool custom=false;
   if(IsChange(command.order) || mono_ms-command.arrived_ms>=QUOTE_WAIT_MS)
      return(false);
   return(standing.connected && SymbolExist(command.order.symbol,custom) && !ReadQuote(command.order.symbol,tick));
  }
//+------------------------------------------------------------------+
