//+------------------------------------------------------------------+
//|                                                   LedgerBook.mqh |
//| Content of the ledger: client order ids that were ever meant for |
//| the broker, and their outcomes. Its lines are JSON:              |
//|                                                                  |
//|   {"ledger": ID, "version": 3, "login": LOGIN}          header   |
//|   {"instance": ID}                                      load     |
//|   {"mark": 1, "client_order_id": .., "attempt": ..,              |
//|    "order": {..}}                                       intent   |
//|   {"client_order_id": .., "retcode": .., "order": .., ..}        |
//|                                                        outcome   |
//|                                                                  |
//| `login` is that of the account that the file was made for: a     |
//| sidecar refuses a ledger of another account. Version 2 has none; |
//| such a file is read and written as before.                       |
//|                                                                  |
//| A load that comes to a sidecar is noted: the sidecar recognises  |
//| a copied file by the loads that it lacks.                        |
//|                                                                  |
//| `mark` counts the intents. Any other line, one with an unknown   |
//| field or value, or one out of place makes the ledger broken:     |
//| that it lacks a client order id then proves nothing. A line of   |
//| spaces is a blanked torn line. No file and no call into the      |
//| terminal.                                                        |
//+------------------------------------------------------------------+
#include "..\Common\LongMap.mqh"
#include "..\Json\Fields.mqh"
#include "..\Json\Writer.mqh"
#include "..\Link\OrderJson.mqh"
#include "..\Link\Records.mqh"

#define LEDGER_VERSION 3
#define LEDGER_VERSION_WITHOUT_LOGIN 2
#define LEDGER_INSTANCES_MAX 64 // the last loads; more are not named to a sidecar
//+------------------------------------------------------------------+
//| An intent with its outcome.                                      |
//+------------------------------------------------------------------+
struct SLedgerEntry
  {
   long              mark;
   long              client_order_id;
   long              attempt;
   long              place;  // of the intent's line in the file, in bytes
   int               size;   // of that line without its end, in bytes
   bool              concluded;
   long              retcode;
   long              order;
   long              deal;
   string            price;  // empty: none
   string            volume; // empty: none
   string            message;
  };
//+------------------------------------------------------------------+
//| Return the line of a load.                                       |
//+------------------------------------------------------------------+
string InstanceLine(const string instance_id)
  {
   CJsonWriter json;
   json.Text("instance",instance_id);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return the line of an intent.                                    |
//+------------------------------------------------------------------+
string IntentLine(const long mark,const long attempt,const SOrder &order)
  {
   CJsonWriter json;
   json.Integer("mark",mark);
   json.Integer("client_order_id",order.client_order_id);
   json.Integer("attempt",attempt);
   json.Open("order");
   WriteOrderFields(json,order);
   json.Close();
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Return the line of an outcome.                                   |
//+------------------------------------------------------------------+
string OutcomeLine(const SLedgerEntry &entry)
  {
   CJsonWriter json;
   json.Integer("client_order_id",entry.client_order_id);
   json.Integer("retcode",entry.retcode);
   json.IntegerIfAny("order",entry.order);
   json.IntegerIfAny("deal",entry.deal);
   json.NumberIfAny("price",entry.price);
   json.NumberIfAny("volume",entry.volume);
   json.TextIfAny("message",entry.message);
   return(json.Result());
  }
//+------------------------------------------------------------------+
//| Entries in the order of their intents.                           |
//+------------------------------------------------------------------+
class CLedgerBook
  {
private:
   SLedgerEntry      m_entries[];
   int               m_count;
   CLongMap          m_index;
   string            m_id;
   long              m_login; // 0: the first line names none
   long              m_mark;
   bool              m_unbroken;
   string            m_error;
   string            m_instances[]; // the last ones, oldest first
   int               m_instance_count;

   bool              ReadInstance(CJsonReader &reader);
   void              Add(const long mark,const long client_order_id,const long attempt);
   bool              ReadIntent(CJsonReader &reader);
   bool              ReadOutcome(CJsonReader &reader);

public:
                     CLedgerBook(void);
   void              Clear(void);
   bool              ReadHeader(const uchar &bytes[],const int start,const int count);
   bool              ReadLine(const uchar &bytes[],const int start,const int count);
   void              Break(void);
   string            Error(void) const;
   void              Identity(SLedgerIdentity &identity) const;
   int               Count(void) const;
   bool              At(const int index,SLedgerEntry &entry) const;
   bool              Find(const long client_order_id,SLedgerEntry &entry) const;
   bool              Knows(const long client_order_id) const;
   bool              HasInstance(const string instance_id) const;
   void              Enter(const string instance_id);
   void              Intend(const long client_order_id,const long attempt);
   void              Place(const long place,const int size);
   void              Conclude(const SLedgerEntry &outcome);
  };
//+------------------------------------------------------------------+
//| Create an empty book.                                            |
//+------------------------------------------------------------------+
CLedgerBook::CLedgerBook(void)
  {
   Clear();
  }
//+------------------------------------------------------------------+
//| Remove all entries.                                              |
//+------------------------------------------------------------------+
void CLedgerBook::Clear(void)
  {
   ArrayFree(m_entries);
   m_index.Clear();
   m_count=0;
   m_id="";
   m_login=0;
   m_mark=0;
   m_unbroken=true;
   m_error="";
   m_instance_count=0;
   ArrayResize(m_instances,LEDGER_INSTANCES_MAX);
  }
//+------------------------------------------------------------------+
//| Read the first line; return false where the file is no ledger.   |
//+------------------------------------------------------------------+
bool CLedgerBook::ReadHeader(const uchar &bytes[],const int start,const int count)
  {
   CJsonReader reader;
   CJsonFields fields;
   if(!reader.Parse(bytes,start,count))
     {
      m_error="is not a ledger: "+reader.Error();
      return(false);
     }
   fields.Read(reader,0);
   m_id=fields.Hex("ledger",32);
   long version=fields.Integer("version",1,INT31_MAX,true);
   bool has_login=(version!=LEDGER_VERSION_WITHOUT_LOGIN);
   if(fields.Error()=="" && has_login && version!=LEDGER_VERSION)
     {
      m_error="has ledger version "+IntegerToString(version)+"; this program supports "
              +IntegerToString(LEDGER_VERSION_WITHOUT_LOGIN)+" and "+IntegerToString(LEDGER_VERSION);
      return(false);
     }
   m_login=has_login ? fields.Integer("login",1,TICKET_MAX,true) : 0;
   if(fields.Error()!="" || !fields.OnlyThese(has_login ? "|ledger|version|login|" : "|ledger|version|"))
     {
      m_error="is not a ledger";
      return(false);
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Read any other line; return false where it is unknown or out of  |
//| place. Its readable part counts nevertheless.                    |
//+------------------------------------------------------------------+
bool CLedgerBook::ReadLine(const uchar &bytes[],const int start,const int count)
  {
   bool blank=true;
   for(int i=start; i<start+count && blank; i++)
      blank=(bytes[i]==' ');
   if(blank)
      return(true);
   CJsonReader reader;
   if(!reader.Parse(bytes,start,count) || reader.Kind(0)!=JSON_KIND_OBJECT)
      return(false);
   if(reader.Find(0,"mark")>=0)
      return(ReadIntent(reader));
   if(reader.Find(0,"instance")>=0)
      return(ReadInstance(reader));
   return(ReadOutcome(reader));
  }
//+------------------------------------------------------------------+
//| Read a load.                                                     |
//+------------------------------------------------------------------+
bool CLedgerBook::ReadInstance(CJsonReader &reader)
  {
   CJsonFields fields;
   fields.Read(reader,0);
   string instance_id=fields.Hex("instance",32);
   if(fields.Error()!="" || !fields.OnlyThese("|instance|"))
      return(false);
   Enter(instance_id);
   return(true);
  }
//+------------------------------------------------------------------+
//| Read an intent.                                                  |
//+------------------------------------------------------------------+
bool CLedgerBook::ReadIntent(CJsonReader &reader)
  {
   CJsonFields fields;
   SOrder order;
   fields.Read(reader,0);
   long mark=fields.Integer("mark",1,COUNT_MAX,true);
   long client_order_id=fields.Integer("client_order_id",1,CLIENT_ORDER_ID_MAX,true);
   long attempt=fields.Integer("attempt",1,INT31_MAX,true);
   int inner=fields.Inner("order");
   if(fields.Error()!="" || !fields.OnlyThese("|mark|client_order_id|attempt|order|"))
      return(false);
   fields.Read(reader,inner);
   ReadOrder(fields,order);
   if(fields.Error()!="" || !fields.OnlyThese(ORDER_FIELDS))
      return(false);
   bool expected=(mark==m_mark+1);
   if(mark>m_mark)
      m_mark=mark;
   if(order.client_order_id!=client_order_id || Knows(client_order_id))
      return(false);
   Add(mark,client_order_id,attempt);
   return(expected);
  }
//+------------------------------------------------------------------+
//| Read an outcome.                                                 |
//+------------------------------------------------------------------+
bool CLedgerBook::ReadOutcome(CJsonReader &reader)
  {
   CJsonFields fields;
   SLedgerEntry entry;
   fields.Read(reader,0);
   long client_order_id=fields.Integer("client_order_id",1,CLIENT_ORDER_ID_MAX,true);
   long retcode=fields.Integer("retcode",0,99999,true);
   long order=fields.Integer("order",0,TICKET_MAX,false);
   long deal=fields.Integer("deal",0,TICKET_MAX,false);
   string price=fields.Decimal("price",false);
   string volume=fields.Decimal("volume",false);
   string message=fields.Text("message",TEXT_MAX,false);
   if(fields.Error()!="" || !fields.OnlyThese("|client_order_id|retcode|order|deal|price|volume|message|")
      || !Find(client_order_id,entry) || entry.concluded)
      return(false);
   entry.retcode=retcode;
   entry.order=order;
   entry.deal=deal;
   entry.price=price;
   entry.volume=volume;
   entry.message=message;
   Conclude(entry);
   return(true);
  }
//+------------------------------------------------------------------+
//| Mark the ledger as broken.                                       |
//+------------------------------------------------------------------+
void CLedgerBook::Break(void)
  {
   m_unbroken=false;
  }
//+------------------------------------------------------------------+
//| Return why the header was refused.                               |
//+------------------------------------------------------------------+
string CLedgerBook::Error(void) const
  {
   return(m_error);
  }
//+------------------------------------------------------------------+
//| Read the identity for the handshake.                             |
//+------------------------------------------------------------------+
void CLedgerBook::Identity(SLedgerIdentity &identity) const
  {
   identity.id=m_id;
   identity.login=m_login;
   identity.mark=m_mark;
   identity.unbroken=m_unbroken;
   identity.instances="[";
   for(int i=0; i<m_instance_count; i++)
      identity.instances+=((i>0) ? "," : "")+JsonQuoted(m_instances[i]);
   identity.instances+="]";
  }
//+------------------------------------------------------------------+
//| Return whether a load is among the last ones.                    |
//+------------------------------------------------------------------+
bool CLedgerBook::HasInstance(const string instance_id) const
  {
   for(int i=m_instance_count-1; i>=0; i--)
      if(m_instances[i]==instance_id)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Add a load. The oldest is forgotten for it.                      |
//+------------------------------------------------------------------+
void CLedgerBook::Enter(const string instance_id)
  {
   if(m_instance_count==LEDGER_INSTANCES_MAX)
     {
      for(int i=1; i<m_instance_count; i++)
         m_instances[i-1]=m_instances[i];
      m_instance_count--;
     }
   m_instances[m_instance_count]=instance_id;
   m_instance_count++;
  }
//+------------------------------------------------------------------+
//| Return the number of client order ids.                           |
//+------------------------------------------------------------------+
int CLedgerBook::Count(void) const
  {
   return(m_count);
  }
//+------------------------------------------------------------------+
//| Read the entry at an index.                                      |
//+------------------------------------------------------------------+
bool CLedgerBook::At(const int index,SLedgerEntry &entry) const
  {
   if(index<0 || index>=m_count)
      return(false);
   entry=m_entries[index];
   return(true);
  }
//+------------------------------------------------------------------+
//| Read the entry of a client order id. Where an unbroken ledger    |
//| has none, this program never sent the command.                   |
//+------------------------------------------------------------------+
bool CLedgerBook::Find(const long client_order_id,SLedgerEntry &entry) const
  {
   return(At(m_index.Find(client_order_id),entry));
  }
//+------------------------------------------------------------------+
//| Return whether the ledger has a client order id.                 |
//+------------------------------------------------------------------+
bool CLedgerBook::Knows(const long client_order_id) const
  {
   return(m_index.Find(client_order_id)!=LONG_MAP_NONE);
  }
//+------------------------------------------------------------------+
//| Add an intent under the next mark.                               |
//+------------------------------------------------------------------+
void CLedgerBook::Intend(const long client_order_id,const long attempt)
  {
   m_mark++;
   Add(m_mark,client_order_id,attempt);
  }
//+------------------------------------------------------------------+
//| Note where the last intent's line stands in the file.            |
//+------------------------------------------------------------------+
void CLedgerBook::Place(const long place,const int size)
  {
   if(m_count==0)
      return;
   m_entries[m_count-1].place=place;
   m_entries[m_count-1].size=size;
  }
//+------------------------------------------------------------------+
//| Add an intent.                                                   |
//+------------------------------------------------------------------+
void CLedgerBook::Add(const long mark,const long client_order_id,const long attempt)
  {
   if(m_count>=ArraySize(m_entries))
      ArrayResize(m_entries,2*m_count+16);
   m_entries[m_count].mark=mark;
   m_entries[m_count].client_order_id=client_order_id;
   m_entries[m_count].attempt=attempt;
   m_entries[m_count].place=0;
   m_entries[m_count].size=0;
   m_entries[m_count].concluded=false;
   m_entries[m_count].retcode=0;
   m_entries[m_count].order=0;
   m_entries[m_count].deal=0;
   m_entries[m_count].price="";
   m_entries[m_count].volume="";
   m_entries[m_count].message="";
   m_index.Put(client_order_id,m_count);
   m_count++;
  }
//+------------------------------------------------------------------+
//| Set the outcome of an intent.                                    |
//+------------------------------------------------------------------+
void CLedgerBook::Conclude(const SLedgerEntry &outcome)
  {
   int index=m_index.Find(outcome.client_order_id);
   if(index==LONG_MAP_NONE)
      return;
   m_entries[index]=outcome;
   m_entries[index].concluded=true;
  }
//+------------------------------------------------------------------+
