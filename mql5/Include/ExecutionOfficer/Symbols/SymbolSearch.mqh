//+------------------------------------------------------------------+
//|                                                 SymbolSearch.mqh |
//| Candidates for the symbol of an inquiry: symbols whose name is   |
//| the asked one with a prefix or suffix. Symbols are added one by  |
//| one. No call into the terminal.                                  |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"

#define AFFIX_MAX 6              // characters of prefix and suffix together
#define CANDIDATES_MAX 16
//+------------------------------------------------------------------+
//| Compare two texts by the numbers of their characters; return     |
//| true where the first precedes the second.                        |
//+------------------------------------------------------------------+
bool ComesBefore(const string one,const string other)
  {
   int length=StringLen(one);
   int most=StringLen(other);
   for(int i=0; i<length && i<most; i++)
     {
      ushort left=StringGetCharacter(one,i);
      ushort right=StringGetCharacter(other,i);
      if(left!=right)
         return(left<right);
     }
   return(length<most);
  }
//+------------------------------------------------------------------+
//| Return whether a symbol's name is a variant of the asked one.    |
//+------------------------------------------------------------------+
bool IsVariant(const string name,const string asked)
  {
   int more=StringLen(name)-StringLen(asked);
   return(more>0 && more<=AFFIX_MAX && StringFind(name,asked)>=0);
  }
//+------------------------------------------------------------------+
//| Candidates of one inquiry, sorted; as many as a report takes.    |
//+------------------------------------------------------------------+
class CSymbolCandidates
  {
private:
   string            m_names[];
   int               m_found; // all candidates, including those that do not fit

public:
                     CSymbolCandidates(void);
   void              Clear(void);
   void              Add(const string name);
   int               Found(void) const { return(m_found); }
   void              Names(string &names[]) const;
  };
//+------------------------------------------------------------------+
//| Create it empty.                                                 |
//+------------------------------------------------------------------+
CSymbolCandidates::CSymbolCandidates(void)
  {
   m_found=0;
  }
//+------------------------------------------------------------------+
//| Remove all candidates.                                           |
//+------------------------------------------------------------------+
void CSymbolCandidates::Clear(void)
  {
   ArrayResize(m_names,0);
   m_found=0;
  }
//+------------------------------------------------------------------+
//| Add a candidate in its place.                                    |
//+------------------------------------------------------------------+
void CSymbolCandidates::Add(const string name)
  {
   int count=ArraySize(m_names);
   int at=count;
   m_found++;
   while(at>0 && ComesBefore(name,m_names[at-1]))
      at--;
   if(at>=CANDIDATES_MAX)
      return;
   if(count<CANDIDATES_MAX)
     {
      count++;
      ArrayResize(m_names,count,CANDIDATES_MAX);
     }
   for(int i=count-1; i>at; i--)
      m_names[i]=m_names[i-1];
   m_names[at]=name;
  }
//+------------------------------------------------------------------+
//| Read the names of the candidates.                                |
//+------------------------------------------------------------------+
void CSymbolCandidates::Names(string &names[]) const
  {
   int count=ArraySize(m_names);
   ArrayResize(names,count);
   for(int i=0; i<count; i++)
      names[i]=m_names[i];
  }
//+------------------------------------------------------------------+
