//+------------------------------------------------------------------+
//|                                                   FactOutbox.mqh |
//| Facts on their way to the sidecar: kept until it has them in its |
//| journal, numbered 1, 2, 3, ... in each epoch. At most FACT_WINDOW|
//| are under way without an acknowledgement; the rest wait.         |
//+------------------------------------------------------------------+
#include "MessagesOut.mqh"

#define FACT_WINDOW 256
#define FACT_SHOWN 80             // characters of a fact that was lost
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
   long              m_told;     // of those dropped
   string            m_lost;     // the beginning of the last one

   void              Drop(const string fact);
   void              DropAt(const int index);

public:
                     CFactOutbox(void);
   int               Count(void) const;
   long              Sent(void) const;
   string            TakeAlarm(void);
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
   m_told=0;
   m_lost="";
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
//| That facts fitted no frame or no memory: errors of ours, which a |
//| person must hear of. Empty where there is nothing new, and while |
//| there is no place for one fact more.                             |
//+------------------------------------------------------------------+
string CFactOutbox::TakeAlarm(void)
  {
   if(m_dropped==m_told || Count()>=FACT_MOST)
      return("");
   m_told=m_dropped;
   return(IntegerToString(m_dropped)+" facts could not be told since the program was loaded: compare the account with the"
          +" journal. The last one began with "+m_lost);
  }
//+------------------------------------------------------------------+
//| A fact is lost                                                   |
//+------------------------------------------------------------------+
void CFactOutbox::Drop(const string fact)
  {
   m_dropped++;
   m_lost=StringSubstr(fact,0,FACT_SHOWN);
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
      Drop(fact);
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
   Drop(m_facts[index]);
   for(int i=index; i+1<m_end; i++)
      m_facts[i]=m_facts[i+1];
   m_end--;
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
