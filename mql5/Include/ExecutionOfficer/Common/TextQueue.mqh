//+------------------------------------------------------------------+
//|                                                    TextQueue.mqh |
//| Texts, first in, first out. No call into the terminal.           |
//+------------------------------------------------------------------+
//+------------------------------------------------------------------+
//| What waits                                                       |
//+------------------------------------------------------------------+
class CTextQueue
  {
private:
   string            m_texts[];
   int               m_first;

public:
                     CTextQueue(void) { m_first=0; }
   void              Clear(void);
   void              Put(const string text);
   bool              Take(string &text);
  };
//+------------------------------------------------------------------+
//| Nothing waits any more                                           |
//+------------------------------------------------------------------+
void CTextQueue::Clear(void)
  {
   ArrayFree(m_texts);
   m_first=0;
  }
//+------------------------------------------------------------------+
//| A text at the end                                                |
//+------------------------------------------------------------------+
void CTextQueue::Put(const string text)
  {
   int count=ArraySize(m_texts);
   ArrayResize(m_texts,count+1,16);
   m_texts[count]=text;
  }
//+------------------------------------------------------------------+
//| The first one; false where nothing waits                         |
//+------------------------------------------------------------------+
bool CTextQueue::Take(string &text)
  {
   if(m_first>=ArraySize(m_texts))
      return(false);
   text=m_texts[m_first];
   m_first++;
   if(m_first==ArraySize(m_texts))
      Clear();
   return(true);
  }
//+------------------------------------------------------------------+
