//+------------------------------------------------------------------+
//|                                                    WorkQueue.mqh |
//| Commands and status requests that wait for a timer call. Both    |
//| are bounded. Closes, changes and cancels go before opens. The    |
//| end of a session empties them: the commands are not executed,    |
//| and the sidecar sends status requests for them.                  |
//+------------------------------------------------------------------+
#include "..\Link\Records.mqh"

#define QUEUE_COMMANDS_MAX 32         // a further one is answered BUSY
#define QUEUE_STATUS_REQUESTS_MAX 1024        // a further one is dropped; the sidecar repeats it
//+------------------------------------------------------------------+
//| Queues, first in, first out, but for commands that do not open.  |
//+------------------------------------------------------------------+
class CWorkQueue
  {
private:
   SCommand          m_commands[];
   SStatusRequest    m_status_requests[];
   int               m_first_status_request;

public:
                     CWorkQueue(void);
   void              Forget(void);
   int               Commands(void) const;
   int               StatusRequests(void) const;
   bool              Holds(const SCommand &command) const;
   bool              PutCommand(const SCommand &command);
   bool              PutStatusRequest(const SStatusRequest &status_request);
   bool              FirstCommand(SCommand &command) const;
   void              DropCommand(void);
   bool              TakeStatusRequest(SStatusRequest &status_request);
  };
//+------------------------------------------------------------------+
//| Create it empty.                                                 |
//+------------------------------------------------------------------+
CWorkQueue::CWorkQueue(void)
  {
   m_first_status_request=0;
  }
//+------------------------------------------------------------------+
//| Remove everything.                                               |
//+------------------------------------------------------------------+
void CWorkQueue::Forget(void)
  {
   ArrayFree(m_commands);
   ArrayFree(m_status_requests);
   m_first_status_request=0;
  }
//+------------------------------------------------------------------+
//| Return the number of commands.                                   |
//+------------------------------------------------------------------+
int CWorkQueue::Commands(void) const
  {
   return(ArraySize(m_commands));
  }
//+------------------------------------------------------------------+
//| Return the number of status requests.                            |
//+------------------------------------------------------------------+
int CWorkQueue::StatusRequests(void) const
  {
   return(ArraySize(m_status_requests)-m_first_status_request);
  }
//+------------------------------------------------------------------+
//| Return whether this attempt or a later one waits.                |
//+------------------------------------------------------------------+
bool CWorkQueue::Holds(const SCommand &command) const
  {
   for(int i=0; i<ArraySize(m_commands); i++)
      if(m_commands[i].order.client_order_id==command.order.client_order_id && m_commands[i].attempt>=command.attempt)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Put a command behind those of its kind: an OPEN at the end, any  |
//| other before the first OPEN. Return false where too many wait.   |
//+------------------------------------------------------------------+
bool CWorkQueue::PutCommand(const SCommand &command)
  {
   int count=ArraySize(m_commands);
   if(count>=QUEUE_COMMANDS_MAX)
      return(false);
   ArrayResize(m_commands,count+1,QUEUE_COMMANDS_MAX);
   int place=count;
   if(command.order.kind!=COMMAND_KIND_OPEN)
      for(; place>0 && m_commands[place-1].order.kind==COMMAND_KIND_OPEN; place--)
         m_commands[place]=m_commands[place-1];
   m_commands[place]=command;
   return(true);
  }
//+------------------------------------------------------------------+
//| Append a status request; return false where too many wait.       |
//+------------------------------------------------------------------+
bool CWorkQueue::PutStatusRequest(const SStatusRequest &status_request)
  {
   if(StatusRequests()>=QUEUE_STATUS_REQUESTS_MAX)
      return(false);
   int count=ArraySize(m_status_requests);
   ArrayResize(m_status_requests,count+1,64);
   m_status_requests[count]=status_request;
   return(true);
  }
//+------------------------------------------------------------------+
//| Read the next command. It stays in the queue.                    |
//+------------------------------------------------------------------+
bool CWorkQueue::FirstCommand(SCommand &command) const
  {
   if(ArraySize(m_commands)==0)
      return(false);
   command=m_commands[0];
   return(true);
  }
//+------------------------------------------------------------------+
//| Remove the next command.                                         |
//+------------------------------------------------------------------+
void CWorkQueue::DropCommand(void)
  {
   int count=ArraySize(m_commands)-1;
   for(int i=0; i<count; i++)
      m_commands[i]=m_commands[i+1];
   if(count>=0)
      ArrayResize(m_commands,count);
  }
//+------------------------------------------------------------------+
//| Take the next status request.                                    |
//+------------------------------------------------------------------+
bool CWorkQueue::TakeStatusRequest(SStatusRequest &status_request)
  {
   if(StatusRequests()==0)
      return(false);
   status_request=m_status_requests[m_first_status_request];
   m_first_status_request++;
   if(StatusRequests()==0)
     {
      ArrayFree(m_status_requests);
      m_first_status_request=0;
     }
   return(true);
  }
//+------------------------------------------------------------------+
