//+------------------------------------------------------------------+
//|                                                      Answers.mqh |
//| Answers of this load to commands, and the attempts that it must  |
//| not execute any more. No call into the terminal.                 |
//+------------------------------------------------------------------+
#include "..\Common\LongMap.mqh"
//+------------------------------------------------------------------+
//| Answers by client order id.                                      |
//+------------------------------------------------------------------+
class CAnswers
  {
private:
   CLongMap          m_index;
   long              m_barred[];  // the highest attempt that must not be executed
   long              m_attempt[]; // attempt of the answer; 0: none
   string            m_answer[];  // a report
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
//| Create it without answers.                                       |
//+------------------------------------------------------------------+
CAnswers::CAnswers(void)
  {
   m_count=0;
  }
//+------------------------------------------------------------------+
//| Remove all answers.                                              |
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
//| Return the index of a client order id; a new one is added.       |
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
//| Bar an attempt and all before it from execution by this load.    |
//+------------------------------------------------------------------+
void CAnswers::Bar(const long client_order_id,const long attempt)
  {
   int index=IndexOf(client_order_id);
   if(m_barred[index]<attempt)
      m_barred[index]=attempt;
  }
//+------------------------------------------------------------------+
//| Return whether an attempt is barred.                             |
//+------------------------------------------------------------------+
bool CAnswers::IsBarred(const long client_order_id,const long attempt) const
  {
   int index=m_index.Find(client_order_id);
   return(index!=LONG_MAP_NONE && attempt<=m_barred[index]);
  }
//+------------------------------------------------------------------+
//| Keep an answer. It replaces the answer to an earlier attempt.    |
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
//| Return the attempt of the answer; 0 where there is none.         |
//+------------------------------------------------------------------+
long CAnswers::Attempt(const long client_order_id) const
  {
   int index=m_index.Find(client_order_id);
   return((index==LONG_MAP_NONE) ? 0 : m_attempt[index]);
  }
//+------------------------------------------------------------------+
//| Return the answer; empty where there is none.                    |
//+------------------------------------------------------------------+
string CAnswers::Answer(const long client_order_id) const
  {
   int index=m_index.Find(client_order_id);
   return((index==LONG_MAP_NONE) ? "" : m_answer[index]);
  }
//+------------------------------------------------------------------+
