//+------------------------------------------------------------------+
//|                                                 SymbolSearch.mqh |
//| Candidates for the symbol of an inquiry: symbols whose name is   |
//| the asked one with a prefix or suffix, and how many of all       |
//| symbols have that prefix and suffix. The sidecar chooses. No     |
//| call into the terminal.                                          |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"
#include "..\Json\Writer.mqh"

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
   string            m_prefixes[];
   string            m_suffixes[];
   int               m_alike[]; // symbols with the prefix and suffix of each

public:
                     CSymbolCandidates(void);
   void              Clear(void);
   void              Add(const string name);
   int               Count(void) const { return(ArraySize(m_names)); }
   void              Split(const string asked);
   void              Tally(const string name);
   string            NamesJson(void) const;
   string            AlikeJson(void) const;
  };
//+------------------------------------------------------------------+
//| Create it empty.                                                 |
//+------------------------------------------------------------------+
CSymbolCandidates::CSymbolCandidates(void)
  {
   Clear();
  }
//+------------------------------------------------------------------+
//| Remove all candidates.                                           |
//+------------------------------------------------------------------+
void CSymbolCandidates::Clear(void)
  {
   ArrayResize(m_names,0);
   ArrayResize(m_prefixes,0);
   ArrayResize(m_suffixes,0);
   ArrayResize(m_alike,0);
  }
//+------------------------------------------------------------------+
//| Add a candidate in its place.                                    |
//+------------------------------------------------------------------+
void CSymbolCandidates::Add(const string name)
  {
   int count=ArraySize(m_names);
   int at=count;
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
//| Split each candidate's name around the asked one.                |
//+------------------------------------------------------------------+
void CSymbolCandidates::Split(const string asked)
  {
   int count=ArraySize(m_names);
   ArrayResize(m_prefixes,count);
   ArrayResize(m_suffixes,count);
   ArrayResize(m_alike,count);
   for(int i=0; i<count; i++)
     {
      int at=StringFind(m_names[i],asked);
      m_prefixes[i]=StringSubstr(m_names[i],0,at);
      m_suffixes[i]=StringSubstr(m_names[i],at+StringLen(asked));
      m_alike[i]=0;
     }
  }
//+------------------------------------------------------------------+
//| Count a symbol for each candidate whose prefix and suffix it has.|
//+------------------------------------------------------------------+
void CSymbolCandidates::Tally(const string name)
  {
   int length=StringLen(name);
   for(int i=0; i<ArraySize(m_prefixes); i++)
     {
      int before=StringLen(m_prefixes[i]);
      int behind=StringLen(m_suffixes[i]);
      if(length<=before+behind)
         continue;
      if(before>0 && StringSubstr(name,0,before)!=m_prefixes[i])
         continue;
      if(behind>0 && StringSubstr(name,length-behind)!=m_suffixes[i])
         continue;
      m_alike[i]++;
     }
  }
//+------------------------------------------------------------------+
//| Return the names as a JSON list.                                 |
//+------------------------------------------------------------------+
string CSymbolCandidates::NamesJson(void) const
  {
   string list="";
   for(int i=0; i<ArraySize(m_names); i++)
      list+=((i>0) ? "," : "")+JsonQuoted(m_names[i]);
   return("["+list+"]");
  }
//+------------------------------------------------------------------+
//| Return the counts as a JSON list.                                |
//+------------------------------------------------------------------+
string CSymbolCandidates::AlikeJson(void) const
  {
   string list="";
   for(int i=0; i<ArraySize(m_alike); i++)
      list+=((i>0) ? "," : "")+IntegerToString(m_alike[i]);
   return("["+list+"]");
  }
//+------------------------------------------------------------------+
