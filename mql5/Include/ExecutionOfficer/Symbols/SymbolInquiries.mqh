//+------------------------------------------------------------------+
//|                                              SymbolInquiries.mqh |
//| What does the broker call a symbol, and what are its terms? One  |
//| inquiry after the other, each answered by one report. A search of|
//| the broker's symbols goes on over several timer calls.           |
//+------------------------------------------------------------------+
#include "..\Json\Writer.mqh"
#include "..\Link\LinkSession.mqh"
#include "..\Terminal\EnumNames.mqh"
#include "SymbolRules.mqh"
#include "SymbolSearch.mqh"

#define INQUIRIES_MAX 64         // that wait; the sidecar asks again
#define INQUIRY_NAMES_PER_CALL 500         // looked at in one timer call
#define TERMS_WAIT_MS 2000        // a symbol that was just selected may have no terms yet
//+------------------------------------------------------------------+
//| A list of texts as JSON                                          |
//+------------------------------------------------------------------+
string JsonList(const string &texts[])
  {
   string list="[";
   for(int i=0; i<ArraySize(texts); i++)
      list+=((i>0) ? "," : "")+JsonQuoted(texts[i]);
   return(list+"]");
  }
//+------------------------------------------------------------------+
//| The answer to an inquiry: the one symbol that is meant, with its |
//| terms, or an empty name and those that it could be               |
//+------------------------------------------------------------------+
string SymbolReport(const string asked,const string name,const string &candidates[])
  {
   CJsonWriter json;
   string order_types[];
   json.Text("kind","symbol");
   json.Text("asked",asked);
   json.TextIfAny("name",name);
   if(ArraySize(candidates)>0)
      json.Number("candidates",JsonList(candidates));
   if(name=="")
      return(json.Result());
   json.IntegerIfAny("digits",SymbolInfoInteger(name,SYMBOL_DIGITS));
   json.NumberIfAny("point",DecimalText(SymbolInfoDouble(name,SYMBOL_POINT)));
   json.NumberIfAny("tick_size",DecimalText(SymbolInfoDouble(name,SYMBOL_TRADE_TICK_SIZE)));
   json.NumberIfAny("volume_min",DecimalText(SymbolInfoDouble(name,SYMBOL_VOLUME_MIN)));
   json.NumberIfAny("volume_max",DecimalText(SymbolInfoDouble(name,SYMBOL_VOLUME_MAX)));
   json.NumberIfAny("volume_step",DecimalText(SymbolInfoDouble(name,SYMBOL_VOLUME_STEP)));
   json.NumberIfAny("volume_limit",DecimalText(SymbolInfoDouble(name,SYMBOL_VOLUME_LIMIT)));
   json.Text("trade_mode",SymbolTradeModeName(SymbolInfoInteger(name,SYMBOL_TRADE_MODE)));
   AllowedOrderTypes(SymbolInfoInteger(name,SYMBOL_ORDER_MODE),order_types);
   json.Number("order_types",JsonList(order_types));
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Of one load of the program                                       |
//+------------------------------------------------------------------+
class CSymbolInquiries
  {
private:
   CLinkSession     *m_session;
   SInquiry          m_waiting[];
   CSymbolCandidates       m_candidates;
   bool              m_searching;    // for the first one that waits
   int               m_next;         // the symbol to look at
   string            m_name;         // found; its terms are awaited
   long              m_until_ms;

   void              Found(const string name,const long mono_ms);
   void              Search(const long mono_ms);
   void              Answer(void);

public:
                     CSymbolInquiries(void);
   void              Load(CLinkSession &session);
   void              Drop(void);
   bool              Put(const SInquiry &inquiry);
   void              Step(const long mono_ms);
  };
//+------------------------------------------------------------------+
//| Nothing is asked                                                 |
//+------------------------------------------------------------------+
CSymbolInquiries::CSymbolInquiries(void)
  {
   m_session=NULL;
   Drop();
  }
//+------------------------------------------------------------------+
//| A load of the program                                            |
//+------------------------------------------------------------------+
void CSymbolInquiries::Load(CLinkSession &session)
  {
   m_session=GetPointer(session);
   Drop();
  }
//+------------------------------------------------------------------+
//| The session is no more: nobody waits for an answer               |
//+------------------------------------------------------------------+
void CSymbolInquiries::Drop(void)
  {
   ArrayFree(m_waiting);
   m_candidates.Clear();
   m_searching=false;
   m_next=0;
   m_name="";
   m_until_ms=0;
  }
//+------------------------------------------------------------------+
//| An inquiry at the end, the same one once; false: too many wait   |
//+------------------------------------------------------------------+
bool CSymbolInquiries::Put(const SInquiry &inquiry)
  {
   int count=ArraySize(m_waiting);
   for(int i=0; i<count; i++)
      if(m_waiting[i].symbol==inquiry.symbol && m_waiting[i].exact==inquiry.exact)
         return(true);
   if(count>=INQUIRIES_MAX)
      return(false);
   ArrayResize(m_waiting,count+1,INQUIRIES_MAX);
   m_waiting[count]=inquiry;
   return(true);
  }
//+------------------------------------------------------------------+
//| A bounded amount of work. Only in a session, with the broker     |
//| connected.                                                       |
//+------------------------------------------------------------------+
void CSymbolInquiries::Step(const long mono_ms)
  {
   bool custom=false;
   if(ArraySize(m_waiting)==0 || m_session.Room()<=0)
      return;
   if(m_name!="")
     {
      // Symbols that come into Market Watch get their terms a little later.
      if(SymbolInfoDouble(m_name,SYMBOL_VOLUME_STEP)>0.0 || mono_ms>=m_until_ms)
         Answer();
      return;
     }
   string asked=m_waiting[0].symbol;
   if(!m_searching && SymbolExist(asked,custom))
      Found(asked,mono_ms);
   else if(!m_searching && m_waiting[0].exact)
      Answer();
   else
      Search(mono_ms);
  }
//+------------------------------------------------------------------+
//| This one is meant                                                |
//+------------------------------------------------------------------+
void CSymbolInquiries::Found(const string name,const long mono_ms)
  {
   m_name=name;
   m_until_ms=mono_ms+TERMS_WAIT_MS;
   m_candidates.Clear();
   SymbolSelect(name,true);
  }
//+------------------------------------------------------------------+
//| Look at a portion of the broker's symbols, those that are not in |
//| Market Watch too. A symbol that somebody made himself cannot be  |
//| traded.                                                          |
//+------------------------------------------------------------------+
void CSymbolInquiries::Search(const long mono_ms)
  {
   string names[];
   string asked=m_waiting[0].symbol;
   int total=SymbolsTotal(false);
   if(!m_searching)
     {
      m_searching=true;
      m_next=0;
      m_candidates.Clear();
     }
   for(int i=0; i<INQUIRY_NAMES_PER_CALL && m_next<total; i++)
     {
      string name=SymbolName(m_next,false);
      m_next++;
      if(IsVariant(name,asked) && SymbolInfoInteger(name,SYMBOL_CUSTOM)==0)
         m_candidates.Add(name);
     }
   if(m_next<total)
      return;
   m_candidates.Names(names);
   if(m_candidates.Found()==1)
      Found(names[0],mono_ms);
   else
      Answer();
  }
//+------------------------------------------------------------------+
//| Answer the first one that waits                                  |
//+------------------------------------------------------------------+
void CSymbolInquiries::Answer(void)
  {
   string names[];
   m_candidates.Names(names);
   m_session.Post(SymbolReport(m_waiting[0].symbol,m_name,names));
   int count=ArraySize(m_waiting)-1;
   for(int i=0; i<count; i++)
      m_waiting[i]=m_waiting[i+1];
   ArrayResize(m_waiting,count,INQUIRIES_MAX);
   m_candidates.Clear();
   m_searching=false;
   m_name="";
  }
//+------------------------------------------------------------------+
