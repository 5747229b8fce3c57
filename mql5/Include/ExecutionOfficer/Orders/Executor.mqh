//+------------------------------------------------------------------+
//|                                                     Executor.mqh |
//| Commands and status requests, from the message to the reports.   |
//| Orders of commands are sent from here only.                      |
//|                                                                  |
//| A command is sent to the broker once: not where the ledger or    |
//| the broker has its client order id, not where this load has      |
//| answered `not_sent` to the same or a later attempt, and never a  |
//| second time, whatever the broker answers.                        |
//+------------------------------------------------------------------+
#include "..\Ledger\Ledger.mqh"
#include "..\Link\LinkSession.mqh"
#include "..\Reports\CommandReports.mqh"
#include "..\Reports\CommandSearch.mqh"
#include "..\Reports\ReportFilter.mqh"
#include "Answers.mqh"
#include "OrderRequest.mqh"
#include "Retcodes.mqh"

#define RETCODE_MAX 99999        // the largest retcode of a report
#define UNSEARCHED_MESSAGE "the broker's records could not be searched for the client order id"
#define NO_RESULT_MESSAGE "OrderSend returned no result that decides the outcome; the order may have been executed or not"
//+------------------------------------------------------------------+
//| Return whether a reason lies with the target of a change.        |
//+------------------------------------------------------------------+
bool IsTargetReason(const string reason)
  {
   return(reason=="NO_POSITION" || reason=="NO_ORDER" || reason=="NO_CHANGE");
  }
//+------------------------------------------------------------------+
//| Return a command as text for the log.                            |
//+------------------------------------------------------------------+
string OrderText(const SOrder &order)
  {
   if(order.kind==COMMAND_KIND_CANCEL)
      return("CANCEL order "+IntegerToString(order.order));
   if(order.kind==COMMAND_KIND_MODIFY && order.position!=0)
      return("MODIFY position "+IntegerToString(order.position));
   if(order.kind==COMMAND_KIND_MODIFY)
      return("MODIFY order "+IntegerToString(order.order));
   return(order.kind+" "+order.side+(IsPending(order) ? " "+order.order_type : "")+" "+order.volume+" "+order.symbol);
  }
//+------------------------------------------------------------------+
//| Executor of commands. It reports every stage.                    |
//+------------------------------------------------------------------+
class CExecutor
  {
private:
   CLinkSession     *m_session;
   CLedger          *m_ledger;
   CLog             *m_log;
   CReportFilter    *m_filter;
   CAccountLimits    m_account_limits;
   CAnswers          m_answers;
   CCommandSearch    m_search;
   string            m_alarm;

   void              PostNotSent(const long client_order_id,const long attempt,const SNotSent &answer);
   void              PostEntry(const SLedgerEntry &entry);
   void              SendRequest(MqlTradeRequest &request,SLedgerEntry &entry);
   void              AnswerNoIntent(const SStatusRequest &status_request);
   void              PostTarget(const SOrder &order);
   bool              Search(const SCommand &command,const SAccount &account,SReport &reports[]);
   void              PostFound(const SCommand &command,const SReport &reports[]);
   bool              Check(const SCommand &command,const SAccount &account,const bool searched,MqlTradeRequest &request,SNotSent &answer);
   void              RaiseLacking(const long client_order_id);

public:
                     CExecutor(void);
   void              Load(CLinkSession &session,CLedger &ledger,CReportFilter &filter,const SRiskLimits &risk_limits,CLog &log);
   void              Update(const long mono_ms,const STerminalState &terminal) { m_account_limits.Update(mono_ms,terminal); }
   bool              IsUnseen(const long client_order_id) const { return(m_account_limits.IsUnseen(client_order_id)); }
   bool              AnsweredBefore(const SCommand &command);
   void              PostReceived(const SCommand &command);
   void              Refuse(const SCommand &command,const string reason,const string message);
   bool              Searched(const SCommand &command,const long connected_ms);
   void              Execute(const SCommand &command,const SAccount &account);
   void              AnswerStatusRequest(const SStatusRequest &status_request,const long connected_ms);
   string            TakeAlarm(void);
  };
//+------------------------------------------------------------------+
//| Create it without a session.                                     |
//+------------------------------------------------------------------+
CExecutor::CExecutor(void)
  {
   m_session=NULL;
   m_ledger=NULL;
   m_log=NULL;
   m_filter=NULL;
   m_alarm="";
  }
//+------------------------------------------------------------------+
//| Start a load of the program.                                     |
//+------------------------------------------------------------------+
void CExecutor::Load(CLinkSession &session,CLedger &ledger,CReportFilter &filter,const SRiskLimits &risk_limits,CLog &log)
  {
   m_session=GetPointer(session);
   m_ledger=GetPointer(ledger);
   m_log=GetPointer(log);
   m_filter=GetPointer(filter);
   m_account_limits.Load(ledger,risk_limits);
   m_answers.Clear();
   m_search.Clear();
   m_alarm="";
  }
//+------------------------------------------------------------------+
//| Answer a command that must not be executed any more, from the    |
//| ledger or from memory; return true where that was so.            |
//+------------------------------------------------------------------+
bool CExecutor::AnsweredBefore(const SCommand &command)
  {
   SLedgerEntry entry;
   long client_order_id=command.order.client_order_id;
   if(m_ledger.Find(client_order_id,entry))
     {
      PostEntry(entry);
      return(true);
     }
   if(!m_answers.IsBarred(client_order_id,command.attempt))
      return(false);
   // Without an earlier `not_sent` the attempt was barred by a status request, and its outcome is unknown here; the
   // sidecar sends status requests until it knows.
   if(m_answers.Attempt(client_order_id)>0)
      m_session.Post(m_answers.Answer(client_order_id));
   return(true);
  }
//+------------------------------------------------------------------+
//| Report that the command was received and waits.                  |
//+------------------------------------------------------------------+
void CExecutor::PostReceived(const SCommand &command)
  {
   m_session.Post(ReceivedReport(command.order.client_order_id,command.attempt));
  }
//+------------------------------------------------------------------+
//| Report that the command was not sent. This attempt never is.     |
//+------------------------------------------------------------------+
void CExecutor::Refuse(const SCommand &command,const string reason,const string message)
  {
   SNotSent answer;
   NotSent(answer,reason,message);
   PostNotSent(command.order.client_order_id,command.attempt,answer);
  }
//+------------------------------------------------------------------+
//| Return whether the history was searched for the command as far   |
//| as it asks; search a portion. A late command is searched too: it |
//| may be at the broker. `connected_ms`: time for which the broker  |
//| was connected without a break.                                   |
//+------------------------------------------------------------------+
bool CExecutor::Searched(const SCommand &command,const long connected_ms)
  {
   SLedgerEntry entry;
   long client_order_id=command.order.client_order_id;
   if(command.search_from_server_ms==0 || IsChange(command.order) || m_ledger.Find(client_order_id,entry)
      || m_answers.IsBarred(client_order_id,command.attempt))
      return(true);
   m_search.Start(client_order_id,command.search_from_server_ms);
   return(m_search.Step(connected_ms));
  }
//+------------------------------------------------------------------+
//| Search the broker's records for the command: the ledger and the  |
//| sidecar's journal may both have been lost since it was sent. A   |
//| change makes no order, and sent twice it does no more than once. |
//| Return false where the broker could not be searched.             |
//+------------------------------------------------------------------+
bool CExecutor::Search(const SCommand &command,const SAccount &account,SReport &reports[])
  {
   SAccount present;
   ArrayResize(reports,0);
   ReadAccount(present);
   // The records of another account say nothing; the checks refuse the command.
   if(IsChange(command.order) || !SameAccount(present,account))
      return(true);
   return(m_search.Result(command.order.client_order_id,command.search_from_server_ms,reports));
  }
//+------------------------------------------------------------------+
//| Report the broker's records of a command that was sent before;   |
//| bar the attempt from execution.                                  |
//+------------------------------------------------------------------+
void CExecutor::PostFound(const SCommand &command,const SReport &reports[])
  {
   long client_order_id=command.order.client_order_id;
   RaiseLacking(client_order_id);
   m_answers.Bar(client_order_id,command.attempt);
   m_filter.PostAll(reports);
   m_session.Post(FoundReport(client_order_id,command.attempt));
   m_log.Warning("order_found","not sent: the broker has records with client order id "+IntegerToString(client_order_id));
  }
//+------------------------------------------------------------------+
//| Raise that the broker knows an order which the ledger lacks.     |
//+------------------------------------------------------------------+
void CExecutor::RaiseLacking(const long client_order_id)
  {
   m_alarm="the broker knows an order with client order id "+IntegerToString(client_order_id)+" that the ledger lacks: the ledger, "
           +"or its end, was lost. The order is not sent again; compare the account with the journal.";
  }
//+------------------------------------------------------------------+
//| Check a command whose id the broker does not show, and prepare   |
//| its request. Preparing may take time, so that the deadline is    |
//| checked again.                                                   |
//+------------------------------------------------------------------+
bool CExecutor::Check(const SCommand &command,const SAccount &account,const bool searched,MqlTradeRequest &request,
                      SNotSent &answer)
  {
   if(!CheckDeadline(command,m_session.LinkMs(MonoMs()),answer) || !CheckTerminal(account,answer))
      return(false);
   if(!searched)
      return(NotSent(answer,"UNSEARCHED",UNSEARCHED_MESSAGE));
   return(PrepareRequest(command,m_account_limits,request,answer)
          && CheckDeadline(command,m_session.LinkMs(MonoMs()),answer));
  }
//+------------------------------------------------------------------+
//| Search, check, write the intent, send, write the outcome; report |
//| each stage.                                                      |
//+------------------------------------------------------------------+
void CExecutor::Execute(const SCommand &command,const SAccount &account)
  {
   MqlTradeRequest request;
   SNotSent answer;
   SLedgerEntry entry;
   SReport reports[];
   ZeroMemory(request);
   if(AnsweredBefore(command))
      return;
   bool searched=Search(command,account,reports);
   if(ArraySize(reports)>0)
     {
      PostFound(command,reports);
      return;
     }
   if(!Check(command,account,searched,request,answer))
     {
      // The sidecar's state of the target differs from the broker's.
      if(IsChange(command.order) && IsTargetReason(answer.reason))
         PostTarget(command.order);
      PostNotSent(command.order.client_order_id,command.attempt,answer);
      return;
     }
   if(!m_ledger.Intend(command.order,command.attempt) || !m_ledger.Find(command.order.client_order_id,entry))
     {
      m_alarm=m_ledger.Problem()+". No order is sent until it can be written: make room on the disk.";
      NotSent(answer,"LEDGER",m_ledger.Problem());
      PostNotSent(command.order.client_order_id,command.attempt,answer);
      return;
     }
   m_session.Post(SubmittedReport(entry));
   SendRequest(request,entry);
   if(command.order.kind==COMMAND_KIND_OPEN)
      m_account_limits.Opened(command.order,IsRefusal(entry.retcode));
   // Where the outcome cannot be written, the intent is: the command is not sent again, and after a restart the
   // broker's records show the outcome.
   if(!m_ledger.Conclude(entry))
      m_alarm=m_ledger.Problem()+". Make room on the disk.";
   m_session.Post(ResultReport(entry));
   if(IsChange(command.order))
      PostTarget(command.order);
   m_log.Info("order_sent",OrderText(command.order)+": "+IntegerToString(entry.retcode)+" "+entry.message+", order "
              +IntegerToString(entry.order));
  }
//+------------------------------------------------------------------+
//| Call OrderSend once. Its result says little; the retcode counts. |
//+------------------------------------------------------------------+
void CExecutor::SendRequest(MqlTradeRequest &request,SLedgerEntry &entry)
  {
   MqlTradeResult result;
   ZeroMemory(result);
   ResetLastError();
   bool sent=OrderSend(request,result);
   int error=GetLastError();
   entry.concluded=true;
   entry.retcode=(long)result.retcode;
   if(entry.retcode>RETCODE_MAX)
      entry.retcode=RETCODE_MAX;
   entry.order=(long)result.order;
   entry.deal=(long)result.deal;
   entry.price=(result.price!=0.0) ? DecimalText(result.price) : "";
   entry.volume=(result.volume>0.0) ? DecimalText(result.volume) : "";
   entry.message=Shorten(result.comment,TEXT_MAX);
   // A comment that was never set is NULL, not an empty text.
   if(StringLen(entry.message)==0 && IsOpen(entry.retcode))
      entry.message=NO_RESULT_MESSAGE;
   if(!sent)
      m_log.Info("order_send_failed","OrderSend returned false, error "+IntegerToString(error));
  }
//+------------------------------------------------------------------+
//| Report the outcome of a command from the ledger, then from the   |
//| broker. Never sends. `connected_ms`: time for which the broker   |
//| was connected without a break.                                   |
//+------------------------------------------------------------------+
void CExecutor::AnswerStatusRequest(const SStatusRequest &status_request,const long connected_ms)
  {
   SLedgerEntry entry;
   SLedgerIdentity identity;
   SReport reports[];
   long client_order_id=status_request.order.client_order_id;
   bool known=m_ledger.Find(client_order_id,entry);
   m_ledger.Identity(identity);
   bool denied=(!known && identity.unbroken && identity.id==status_request.ledger);
   bool changes=IsChange(status_request.order);
   if(denied && (changes || m_answers.Attempt(client_order_id)==status_request.attempt))
     {
      AnswerNoIntent(status_request);
      return;
     }
   // Where the attempt is barred already, the operator was informed before.
   bool barred=m_answers.IsBarred(client_order_id,status_request.attempt);
   // The sidecar may decide by this answer: the attempt must not be executed after it.
   if(!known)
      m_answers.Bar(client_order_id,status_request.attempt);
   else
      PostEntry(entry);
   bool searched=changes ? TargetReports(status_request.order,reports) : SearchBroker(client_order_id,status_request.since_server_ms,reports);
   if(!searched)
      ArrayResize(reports,0);
   // The end of a ledger may be lost with the disk's cache without a trace: that there is no intent is reported
   // only where the broker has no such order either.
   if(denied && searched && ArraySize(reports)==0)
     {
      AnswerNoIntent(status_request);
      return;
     }
   if(denied && searched && !barred)
      RaiseLacking(client_order_id);
   m_filter.PostAll(reports);
   // A refusal is final. An acceptance alone is not: the order or deal must be found.
   if(known && entry.concluded && IsRefusal(entry.retcode))
      return;
   // An order or deal shows the outcome. The state of a target does not show who changed it.
   if(ArraySize(reports)>0 && !changes)
      return;
   m_session.Post(StatusReplyReport(status_request,searched ? FOUND_NOTHING : FOUND_UNSEARCHED,connected_ms));
  }
//+------------------------------------------------------------------+
//| Report the target of a change at once, before the next scan.     |
//| While the broker is disconnected, the scan after its return      |
//| does.                                                            |
//+------------------------------------------------------------------+
void CExecutor::PostTarget(const SOrder &order)
  {
   SReport reports[];
   if(TargetReports(order,reports))
      m_filter.PostAll(reports);
  }
//+------------------------------------------------------------------+
//| Report this load's reason for this attempt, else that there is   |
//| no intent.                                                       |
//+------------------------------------------------------------------+
void CExecutor::AnswerNoIntent(const SStatusRequest &status_request)
  {
   SNotSent answer;
   long client_order_id=status_request.order.client_order_id;
   if(m_answers.Attempt(client_order_id)==status_request.attempt)
     {
      m_session.Post(m_answers.Answer(client_order_id));
      return;
     }
   NotSent(answer,"NO_INTENT","the ledger is unbroken and has no intent");
   PostNotSent(client_order_id,status_request.attempt,answer);
  }
//+------------------------------------------------------------------+
//| Report `not_sent`, and bar the attempt from execution.           |
//+------------------------------------------------------------------+
void CExecutor::PostNotSent(const long client_order_id,const long attempt,const SNotSent &answer)
  {
   string report=NotSentReport(client_order_id,attempt,answer);
   m_answers.Bar(client_order_id,attempt);
   m_answers.Remember(client_order_id,attempt,report);
   m_session.Post(report);
   m_log.Info("order_not_sent","not sent: "+answer.reason+", "+answer.message);
  }
//+------------------------------------------------------------------+
//| Report what the ledger has of a command.                         |
//+------------------------------------------------------------------+
void CExecutor::PostEntry(const SLedgerEntry &entry)
  {
   m_session.Post(SubmittedReport(entry));
   if(entry.concluded)
      m_session.Post(ResultReport(entry));
  }
//+------------------------------------------------------------------+
//| Take the alarm that requires action; empty where there is none.  |
//+------------------------------------------------------------------+
string CExecutor::TakeAlarm(void)
  {
   string alarm=m_alarm;
   m_alarm="";
   return(alarm);
  }
//+------------------------------------------------------------------+
