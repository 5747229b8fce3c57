//+------------------------------------------------------------------+
//| Readers of foreign bytes.                                        |
//|                                                                  |
//| JSON: VALUES and HEX print the values of a text, QUOTED prints it|
//| quoted, LONG reads a whole number, PLAIN spells a decimal out,   |
//| DOUBLE spells a double.                                          |
//|                                                                  |
//| ZMTP: START starts a connection, TAKE reads bytes, WRITE writes a|
//| message, WRITE_SIZE one of so many bytes; each prints bytes to   |
//| send (> hex), messages (< hex) and the state of the connection.  |
//|                                                                  |
//| READ_...: reads a text, with one byte in each character, as JSON,|
//| as what a ZeroMQ peer sends, as a message of the sidecar, as a   |
//| ledger. A reader that breaks a rule of its own ends the program. |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Json\Fields.mqh>
#include <ExecutionOfficer\Json\Writer.mqh>
#include <ExecutionOfficer\Ledger\LedgerBook.mqh>
#include <ExecutionOfficer\Link\MessagesIn.mqh>
#include <ExecutionOfficer\Wire\Zmtp.mqh>

#define JSON_VALUES 1
#define JSON_QUOTED 2
#define JSON_LONG 3
#define JSON_PLAIN 4
#define JSON_DOUBLE 5
#define JSON_HEX 6
#define ZMTP_START 11
#define ZMTP_TAKE 12
#define ZMTP_WRITE 13
#define ZMTP_WRITE_SIZE 14
#define READ_JSON 21
#define READ_ZMTP 22
#define READ_MESSAGE 23
#define READ_LEDGER 24

string Shape(CJsonReader &reader,const int node)
  {
   ENUM_JSON_KIND kind=reader.Kind(node);
   if(kind==JSON_KIND_TEXT)
      return(JsonQuoted(reader.Text(node)));
   if(kind==JSON_KIND_NULL)
      return("null");
   if(kind!=JSON_KIND_ARRAY && kind!=JSON_KIND_OBJECT)
      return(reader.Text(node));
   bool is_array=(kind==JSON_KIND_ARRAY);
   string text=is_array ? "[" : "{";
   for(int each=reader.First(node); each>=0; each=reader.Next(each))
     {
      if(each!=reader.First(node))
         text+=",";
      if(!is_array)
         text+=JsonQuoted(reader.Key(each))+":";
      text+=Shape(reader,each);
     }
   return(text+(is_array ? "]" : "}"));
  }

void OnJson(const int id,const double &real,const string &text)
  {
   uchar bytes[];
   CJsonReader reader;
   long value=0;
   if(id==JSON_VALUES || id==JSON_HEX)
     {
      int size=(id==JSON_VALUES) ? TextToUtf8(text,bytes) : StringLen(text)/2;
      if(id==JSON_HEX)
         HexBytes(text,size,bytes);
      Print(reader.Parse(bytes,0,size) ? Shape(reader,0) : "error at "+IntegerToString(reader.Position())+": "+reader.Error());
     }
   if(id==JSON_QUOTED)
      Print(JsonQuoted(text));
   if(id==JSON_LONG)
      Print(ParseLong(text,value) ? IntegerToString(value) : "no");
   if(id==JSON_PLAIN)
      Print(PlainDecimal(text));
   if(id==JSON_DOUBLE)
      Print(DecimalText(real));
  }

CZmtp     ExtZmtp;
CZmtpNull ExtNull;
CBytes    ExtIn;

void Show(CBytes &out)
  {
   uchar bytes[];
   int size=out.CopyOut(bytes,0,out.Size());
   if(size>0)
      Print("> ",HexText(bytes,size));
   if(ExtZmtp.Failed())
      Print("failed: ",ExtZmtp.Error());
   else
      Print(ExtZmtp.Ready() ? "ready" : "waiting");
  }

void OnZmtp(const int id,const long &number,const string &text)
  {
   CBytes out;
   uchar bytes[];
   uchar message[];
   int size=StringLen(text)/2;
   HexBytes(text,size,bytes);
   if(id==ZMTP_START)
     {
      ExtIn.Clear();
      ExtZmtp.Start(GetPointer(ExtNull),out);
     }
   if(id==ZMTP_TAKE)
     {
      ExtIn.Append(bytes,0,size);
      while(ExtZmtp.Next(ExtIn,out,message))
         Print("< ",HexText(message,ArraySize(message)));
     }
   if(id==ZMTP_WRITE)
      ExtZmtp.Write(bytes,size,out);
   if(id==ZMTP_WRITE_SIZE)
     {
      ArrayResize(bytes,(int)number);
      ArrayInitialize(bytes,7);
      ExtZmtp.Write(bytes,(int)number,out);
     }
   Show(out);
  }
//--- a rule is broken: an index beyond the array ends the program
void Broken(void)
  {
   int none[];
   int at=ArraySize(none)+1;
   none[at]=0;
  }

int Nodes(CJsonReader &reader,const int node)
  {
   ENUM_JSON_KIND kind=reader.Kind(node);
   int count=1;
   if(kind!=JSON_KIND_ARRAY && kind!=JSON_KIND_OBJECT)
      return(count);
   for(int each=reader.First(node); each>=0; each=reader.Next(each))
     {
      if(each<=node)
         Broken();
      if(kind==JSON_KIND_OBJECT && reader.Find(node,reader.Key(each))<0)
         Broken();
      count+=Nodes(reader,each);
     }
   return(count);
  }

void ReadJson(const uchar &bytes[],const int size)
  {
   CJsonReader reader;
   if(reader.Parse(bytes,0,size))
     {
      if(Nodes(reader,0)>size || reader.Error()!="")
         Broken();
     }
   else
      if(reader.Error()=="" || reader.Position()<0 || reader.Position()>size)
         Broken();
  }

//--- messages and answers, as one text, where the bytes arrive in pieces of that size
string Conversation(const uchar &bytes[],const int size,const int piece)
  {
   CZmtpNull mechanism;
   CZmtp zmtp;
   CBytes in;
   CBytes out;
   uchar message[];
   uchar sent[];
   string text="";
   zmtp.Start(GetPointer(mechanism),out);
   for(int start=0; start<size; start+=piece)
     {
      int count=(size-start<piece) ? size-start : piece;
      uchar part[];
      ArrayResize(part,count);
      ArrayCopy(part,bytes,0,start,count);
      in.Append(part,0,count);
      while(zmtp.Next(in,out,message))
         text+="<"+HexText(message,ArraySize(message));
     }
   int answered=out.CopyOut(sent,0,out.Size());
   return(text+">"+HexText(sent,answered)+(zmtp.Failed() ? zmtp.Error() : (zmtp.Ready() ? "ready" : "waiting")));
  }

void ReadZmtp(const uchar &bytes[],const int size)
  {
   if(size==0)
      return;
   if(Conversation(bytes,size,size)!=Conversation(bytes,size,1+bytes[0]%16))
      Broken();
  }

void ReadMessage(const uchar &bytes[],const int size)
  {
   CMessageReader reader;
   SMessage message;
   reader.Read(bytes,size,message);
   bool refused=(message.type==MESSAGE_MALFORMED || message.type==MESSAGE_UNKNOWN);
   if(refused!=(message.problem!=""))
      Broken();
  }

void ReadLedger(const uchar &bytes[],const int size)
  {
   CLedgerBook book;
   int start=0;
   for(int i=0; i<size; i++)
     {
      if(bytes[i]!='\n')
         continue;
      if(start==0)
        {
         if(!book.ReadHeader(bytes,0,i))
            return;
        }
      else
         book.ReadLine(bytes,start,i-start);
      start=i+1;
     }
   SLedgerIdentity identity;
   book.Identity(identity);
   SLedgerEntry entry;
   for(int i=0; i<book.Count(); i++)
      if(!book.At(i,entry) || !book.Knows(entry.client_order_id))
         Broken();
  }

void OnRead(const int id,const string &text)
  {
   uchar bytes[];
   int size=StringLen(text);
   ArrayResize(bytes,size);
   for(int i=0; i<size; i++)
      bytes[i]=(uchar)StringGetCharacter(text,i);
   if(id==READ_JSON)
      ReadJson(bytes,size);
   if(id==READ_ZMTP)
      ReadZmtp(bytes,size);
   if(id==READ_MESSAGE)
      ReadMessage(bytes,size);
   if(id==READ_LEDGER)
      ReadLedger(bytes,size);
  }

void OnChartEvent(const int id,const long &number,const double &real,const string &text)
  {
   if(id<ZMTP_START)
      OnJson(id,real,text);
   else
      if(id<READ_JSON)
         OnZmtp(id,number,text);
      else
         OnRead(id,text);
  }
//+------------------------------------------------------------------+
