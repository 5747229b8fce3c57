//+------------------------------------------------------------------+
//|                                                      Answers.mqh |
//| Which attempts this boot must not execute any more, and what it  |
//| answered to them. No call into the terminal.                     |
//+------------------------------------------------------------------+
#include "..\Common\LongMap.mqh"
//+------------------------------------------------------------------+
//| By token                                                         |
//+------------------------------------------------------------------+
class CAnswers
  {
private:
   CLongMap          m_index;
   long              m_barred[];     // the highest attempt that must not be executed
   long              m_attempt[];    // of the answer; 0: none was given
   string            m_answer[];     // a report
   int               m_count;

   int               IndexOf(const long client_order_id);

public:
                     CAnswers(void);
   void              Clear(void);
   void              Bar(const long client_order_id,const long attempt);
   bool              IsBarred(const long client_order_id,const long attempt) const;
   void              Remember(const long client_order_id,const long attempt,const string answer);
   long              Attempt(const long client_order_id) const;
   string            Answer(const long client_order_id) const;
  };
//+------------------------------------------------------------------+
//| Nothing was answered                                             |
//+------------------------------------------------------------------+
CAnswers::CAnswers(void)
  {
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Nothing was answered, again                                      |
//+------------------------------------------------------------------+
void CAnswers::Clear(void)
  {
   m_index.Clear();
   ArrayFree(m_barred);
   ArrayFree(m_attempt);
   ArrayFree(m_answer);
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Where a token's answer stands                                    |
//+------------------------------------------------------------------+
int CAnswers::IndexOf(const long client_order_id)
  {
   int index=m_index.Find(client_order_id);
   if(index!=LONG_MAP_NONE)
      return(index);
   if(m_count>=ArraySize(m_barred))
     {
      ArrayResize(m_barred,2*m_count+16);
      ArrayResize(m_attempt,2*m_count+16);
      ArrayResize(m_answer,2*m_count+16);
     }
   m_barred[m_count]=0;
   m_attempt[m_count]=0;
   m_answer[m_count]="";
   m_index.Put(client_order_id,m_count);
   m_count++;
   return(m_count-1);
  }
//+------------------------------------------------------------------+
//| This attempt, and any before it, is never executed by this boot  |
//+------------------------------------------------------------------+
void CAnswers::Bar(const long client_order_id,const long attempt)
  {
   int index=IndexOf(client_order_id);
   if(m_barred[index]<attempt)
      m_barred[index]=attempt;
  }
//+------------------------------------------------------------------+
//| Whether an attempt must not be executed                          |
//+------------------------------------------------------------------+
bool CAnswers::IsBarred(const long client_order_id,const long attempt) const
  {
   int index=m_index.Find(client_order_id);
   return(index!=LONG_MAP_NONE && attempt<=m_barred[index]);
  }
//+------------------------------------------------------------------+
//| Keep an answer; an earlier attempt's gives way                   |
//+------------------------------------------------------------------+
void CAnswers::Remember(const long client_order_id,const long attempt,const string answer)
  {
   int index=IndexOf(client_order_id);
   if(m_attempt[index]>=attempt)
      return;
   m_attempt[index]=attempt;
   m_answer[index]=answer;
  }
//+------------------------------------------------------------------+
//| The attempt that the answer is to; 0: there is none              |
//+------------------------------------------------------------------+
long CAnswers::Attempt(const long client_order_id) const
  {
   int index=m_index.Find(client_order_id);
   return((index==LONG_MAP_NONE) ? 0 : m_attempt[index]);
  }
//+------------------------------------------------------------------+
//| The answer; empty: there is none                                 |
//+------------------------------------------------------------------+
string CAnswers::Answer(const long client_order_id) const
  {
   int index=m_index.Find(client_order_id);
   return((index==LONG_MAP_NONE) ? "" : m_answer[index]);
  }
//+------------------------------------------------------------------+
