//+------------------------------------------------------------------+
//|                                                 SymbolSearch.mqh |
//| Which of the broker's symbols an inquiry may mean: those whose   |
//| name is the asked one with a prefix or suffix around it. Symbols |
//| are looked at one by one. No call into the terminal.             |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"

#define AFFIX_MAX 6              // characters of prefix and suffix together
#define CANDIDATES_MAX 16
//+------------------------------------------------------------------+
//| Whether a text comes before another one, by the numbers of its   |
//| characters                                                       |
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
//| Whether a symbol's name may mean the asked one                   |
//+------------------------------------------------------------------+
bool IsVariant(const string name,const string asked)
  {
   int more=StringLen(name)-StringLen(asked);
   return(more>0 && more<=AFFIX_MAX && StringFind(name,asked)>=0);
  }
//+------------------------------------------------------------------+
//| The candidates of one inquiry, in order; no more than fit a report |
//+------------------------------------------------------------------+
class CSymbolCandidates
  {
private:
   string            m_names[];
   int               m_found;        // all, those that do not fit as well

public:
                     CSymbolCandidates(void);
   void              Clear(void);
   void              Add(const string name);
   int               Found(void) const { return(m_found); }
   void              Names(string &names[]) const;
  };
//+------------------------------------------------------------------+
//| None                                                             |
//+------------------------------------------------------------------+
CSymbolCandidates::CSymbolCandidates(void)
  {
   m_found=0;
  }
//+------------------------------------------------------------------+
//| None again                                                       |
//+------------------------------------------------------------------+
void CSymbolCandidates::Clear(void)
  {
   ArrayResize(m_names,0);
   m_found=0;
  }
//+------------------------------------------------------------------+
//| One more, in its place                                           |
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
//| Their names                                                      |
//+------------------------------------------------------------------+
void CSymbolCandidates::Names(string &names[]) const
  {
   int count=ArraySize(m_names);
   ArrayResize(names,count);
   for(int i=0; i<count; i++)
      names[i]=m_names[i];
  }
//+------------------------------------------------------------------+
