//+------------------------------------------------------------------+
//|                                                    TextQueue.mqh |
//| A queue of texts, first in, first out. No call into the          |
//| terminal.                                                        |
//+------------------------------------------------------------------+
//+------------------------------------------------------------------+
//| Texts that wait.                                                 |
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
//| Remove all texts.                                                |
//+------------------------------------------------------------------+
void CTextQueue::Clear(void)
  {
   ArrayFree(m_texts);
   m_first=0;
  }
//+------------------------------------------------------------------+
//| Append a text.                                                   |
//+------------------------------------------------------------------+
void CTextQueue::Put(const string text)
  {
   int count=ArraySize(m_texts);
   ArrayResize(m_texts,count+1,16);
   m_texts[count]=text;
  }
//+------------------------------------------------------------------+
//| Take the first text; return false where there is none.           |
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
