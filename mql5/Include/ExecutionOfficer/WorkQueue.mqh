//+------------------------------------------------------------------+
//|                                                    WorkQueue.mqh |
//| Commands and settles that wait for a timer call. Both bounded. A |
//| session that is no more leaves nothing: its commands are not     |
//| executed, and the sidecar asks what became of them.              |
//+------------------------------------------------------------------+
#include "Terms.mqh"

#define QUEUE_COMMANDS 32         // a further one is answered BUSY
#define QUEUE_SETTLES 1024        // a further one is dropped; the sidecar asks again
//+------------------------------------------------------------------+
//| First in, first out                                              |
//+------------------------------------------------------------------+
class CWorkQueue
  {
private:
   SCommand          m_commands[];
   SSettle           m_settles[];
   int               m_first_settle;

public:
                     CWorkQueue(void);
   void              Forget(void);
   int               Commands(void) const;
   int               Settles(void) const;
   bool              Holds(const SCommand &command) const;
   bool              PutCommand(const SCommand &command);
   bool              PutSettle(const SSettle &settle);
   bool              FirstCommand(SCommand &command) const;
   void              DropCommand(void);
   bool              TakeSettle(SSettle &settle);
  };
//+------------------------------------------------------------------+
//| Nothing waits                                                    |
//+------------------------------------------------------------------+
CWorkQueue::CWorkQueue(void)
  {
   m_first_settle=0;
  }
//+------------------------------------------------------------------+
//| Nothing waits any more                                           |
//+------------------------------------------------------------------+
void CWorkQueue::Forget(void)
  {
   ArrayFree(m_commands);
   ArrayFree(m_settles);
   m_first_settle=0;
  }
//+------------------------------------------------------------------+
//| How many commands wait                                           |
//+------------------------------------------------------------------+
int CWorkQueue::Commands(void) const
  {
   return(ArraySize(m_commands));
  }
//+------------------------------------------------------------------+
//| How many settles wait                                            |
//+------------------------------------------------------------------+
int CWorkQueue::Settles(void) const
  {
   return(ArraySize(m_settles)-m_first_settle);
  }
//+------------------------------------------------------------------+
//| Whether this attempt, or a later one, waits already              |
//+------------------------------------------------------------------+
bool CWorkQueue::Holds(const SCommand &command) const
  {
   for(int i=0; i<ArraySize(m_commands); i++)
      if(m_commands[i].order.token==command.order.token && m_commands[i].attempt>=command.attempt)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| A command at the end; false where too many wait                  |
//+------------------------------------------------------------------+
bool CWorkQueue::PutCommand(const SCommand &command)
  {
   int count=ArraySize(m_commands);
   if(count>=QUEUE_COMMANDS)
      return(false);
   ArrayResize(m_commands,count+1,QUEUE_COMMANDS);
   m_commands[count]=command;
   return(true);
  }
//+------------------------------------------------------------------+
//| A settle at the end; false where too many wait                   |
//+------------------------------------------------------------------+
bool CWorkQueue::PutSettle(const SSettle &settle)
  {
   if(Settles()>=QUEUE_SETTLES)
      return(false);
   int count=ArraySize(m_settles);
   ArrayResize(m_settles,count+1,64);
   m_settles[count]=settle;
   return(true);
  }
//+------------------------------------------------------------------+
//| The command that is next; it stays                               |
//+------------------------------------------------------------------+
bool CWorkQueue::FirstCommand(SCommand &command) const
  {
   if(ArraySize(m_commands)==0)
      return(false);
   command=m_commands[0];
   return(true);
  }
//+------------------------------------------------------------------+
//| The command that was next is done                                |
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
//| Take the settle that is next                                     |
//+------------------------------------------------------------------+
bool CWorkQueue::TakeSettle(SSettle &settle)
  {
   if(Settles()==0)
      return(false);
   settle=m_settles[m_first_settle];
   m_first_settle++;
   if(Settles()==0)
     {
      ArrayFree(m_settles);
      m_first_settle=0;
     }
   return(true);
  }
//+------------------------------------------------------------------+
