//+------------------------------------------------------------------+
//|                                                      Answers.mqh |
//| Which attempts this boot must not execute any more, and what it  |
//| answered to them. No call into the terminal.                     |
//+------------------------------------------------------------------+
#include "LongMap.mqh"
//+------------------------------------------------------------------+
//| By token                                                         |
//+------------------------------------------------------------------+
class CAnswers
  {
private:
   CLongMap          m_index;
   long              m_barred[];     // the highest attempt that must not be executed
   long              m_attempt[];    // of the answer; 0: none was given
   string            m_answer[];     // a fact
   int               m_count;

   int               Place(const long token);

public:
                     CAnswers(void);
   void              Clear(void);
   void              Bar(const long token,const long attempt);
   bool              IsBarred(const long token,const long attempt) const;
   void              Remember(const long token,const long attempt,const string answer);
   long              Attempt(const long token) const;
   string            Answer(const long token) const;
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
int CAnswers::Place(const long token)
  {
   int index=m_index.Find(token);
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
   m_index.Put(token,m_count);
   m_count++;
   return(m_count-1);
  }
//+------------------------------------------------------------------+
//| This attempt, and any before it, is never executed by this boot  |
//+------------------------------------------------------------------+
void CAnswers::Bar(const long token,const long attempt)
  {
   int index=Place(token);
   if(m_barred[index]<attempt)
      m_barred[index]=attempt;
  }
//+------------------------------------------------------------------+
//| Whether an attempt must not be executed                          |
//+------------------------------------------------------------------+
bool CAnswers::IsBarred(const long token,const long attempt) const
  {
   int index=m_index.Find(token);
   return(index!=LONG_MAP_NONE && attempt<=m_barred[index]);
  }
//+------------------------------------------------------------------+
//| Keep an answer; an earlier attempt's gives way                   |
//+------------------------------------------------------------------+
void CAnswers::Remember(const long token,const long attempt,const string answer)
  {
   int index=Place(token);
   if(m_attempt[index]>=attempt)
      return;
   m_attempt[index]=attempt;
   m_answer[index]=answer;
  }
//+------------------------------------------------------------------+
//| The attempt that the answer is to; 0: there is none              |
//+------------------------------------------------------------------+
long CAnswers::Attempt(const long token) const
  {
   int index=m_index.Find(token);
   return((index==LONG_MAP_NONE) ? 0 : m_attempt[index]);
  }
//+------------------------------------------------------------------+
//| The answer; empty: there is none                                 |
//+------------------------------------------------------------------+
string CAnswers::Answer(const long token) const
  {
   int index=m_index.Find(token);
   return((index==LONG_MAP_NONE) ? "" : m_answer[index]);
  }
//+------------------------------------------------------------------+
