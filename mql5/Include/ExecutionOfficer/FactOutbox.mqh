//+------------------------------------------------------------------+
//|                                                   FactOutbox.mqh |
//| Facts on their way to the sidecar: kept until it has them in its |
//| journal, numbered 1, 2, 3, ... in each epoch. At most FACT_WINDOW|
//| are under way without an acknowledgement; the rest wait.         |
//+------------------------------------------------------------------+
#include "MessagesOut.mqh"

#define FACT_WINDOW 256
#define FACT_MOST 16384           // that may wait; only a link that is down for long lets so many pile up
//+------------------------------------------------------------------+
//| Facts in the order in which they were posted                     |
//+------------------------------------------------------------------+
class CFactOutbox
  {
private:
   string            m_facts[];  // those under way, then those that wait
   int               m_first;    // where they start
   int               m_end;      // behind the last one
   int               m_flying;   // how many are under way
   long              m_acked;
   long              m_dropped;

   void              DropAt(const int index);

public:
                     CFactOutbox(void);
   int               Count(void) const;
   long              Sent(void) const;
   long              Dropped(void) const;
   int               Room(void) const;
   void              Post(const string fact);
   void              Restart(void);
   void              Clear(void);
   bool              Release(const long epoch,const int max_bytes,string &frame);
   bool              Ack(const long seq);
  };
//+------------------------------------------------------------------+
//| Nothing to tell                                                  |
//+------------------------------------------------------------------+
CFactOutbox::CFactOutbox(void)
  {
   m_dropped=0;
   Clear();
  }
//+------------------------------------------------------------------+
//| How many facts are not acknowledged                              |
//+------------------------------------------------------------------+
int CFactOutbox::Count(void) const
  {
   return(m_end-m_first);
  }
//+------------------------------------------------------------------+
//| The highest number that went out in this epoch; 0: none          |
//+------------------------------------------------------------------+
long CFactOutbox::Sent(void) const
  {
   return(m_acked+m_flying);
  }
//+------------------------------------------------------------------+
//| How many fitted no frame or no memory. Each is an error of ours. |
//+------------------------------------------------------------------+
long CFactOutbox::Dropped(void) const
  {
   return(m_dropped);
  }
//+------------------------------------------------------------------+
//| How many more would go out at once. Who has many asks first.     |
//+------------------------------------------------------------------+
int CFactOutbox::Room(void) const
  {
   int room=FACT_WINDOW-Count();
   return((room>0) ? room : 0);
  }
//+------------------------------------------------------------------+
//| Put a fact at the end                                            |
//+------------------------------------------------------------------+
void CFactOutbox::Post(const string fact)
  {
   if(Count()>=FACT_MOST)
     {
      m_dropped++;
      return;
     }
   if(m_first>FACT_WINDOW && 2*m_first>m_end)
     {
      for(int i=m_first; i<m_end; i++)
         m_facts[i-m_first]=m_facts[i];
      m_end-=m_first;
      m_first=0;
     }
   if(m_end>=ArraySize(m_facts))
      ArrayResize(m_facts,2*m_end+64);
   m_facts[m_end]=fact;
   m_end++;
  }
//+------------------------------------------------------------------+
//| A new epoch: what is not acknowledged goes again, from number 1  |
//+------------------------------------------------------------------+
void CFactOutbox::Restart(void)
  {
   m_flying=0;
   m_acked=0;
  }
//+------------------------------------------------------------------+
//| Forget everything: another account's facts are not this session's|
//+------------------------------------------------------------------+
void CFactOutbox::Clear(void)
  {
   ArrayFree(m_facts);
   m_first=0;
   m_end=0;
   Restart();
  }
//+------------------------------------------------------------------+
//| Take a fact out of its place among those that wait               |
//+------------------------------------------------------------------+
void CFactOutbox::DropAt(const int index)
  {
   for(int i=index; i+1<m_end; i++)
      m_facts[i]=m_facts[i+1];
   m_end--;
   m_dropped++;
  }
//+------------------------------------------------------------------+
//| The next message that may go out; false where the window is full |
//| or nothing waits                                                 |
//+------------------------------------------------------------------+
bool CFactOutbox::Release(const long epoch,const int max_bytes,string &frame)
  {
   while(m_flying<FACT_WINDOW && m_flying<Count())
     {
      uchar bytes[];
      frame=FactMessage(epoch,Sent()+1,m_facts[m_first+m_flying]);
      if(TextToUtf8(frame,bytes)<=max_bytes)
        {
         m_flying++;
         return(true);
        }
      DropAt(m_first+m_flying);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| All up to this number are in the journal; false where no fact of |
//| that number ever went out                                        |
//+------------------------------------------------------------------+
bool CFactOutbox::Ack(const long seq)
  {
   if(seq>Sent())
      return(false);
   while(m_acked<seq)
     {
      m_facts[m_first]="";
      m_first++;
      m_flying--;
      m_acked++;
     }
   return(true);
  }
//+------------------------------------------------------------------+
