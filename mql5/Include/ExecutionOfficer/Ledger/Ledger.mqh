//+------------------------------------------------------------------+
//|                                                       Ledger.mqh |
//| The ledger's file, in MQL5\Files, one per account. It stays open |
//| for writing by this program alone: one on a second chart cannot  |
//| open it, a backup can read it. An intent is written and flushed  |
//| before its order is sent; a client order id in the ledger is     |
//| never sent again. The ledger alone guarantees "at most once".    |
//|                                                                  |
//| A crash during an append leaves a torn last line. Its flush had  |
//| not returned, so nothing was sent: the next append blanks it     |
//| (MQL5 cannot shorten a file). Damage at any other place is       |
//| neither repaired nor overwritten.                                |
//+------------------------------------------------------------------+
#include "..\Common\Entropy.mqh"
#include "LedgerBook.mqh"
#include "LedgerHeader.mqh"

#define ORDER_MEMBER "\"order\":"
#define LEDGER_KEPT ". The file was not changed: restore it from a backup, or move it away and start with a new ledger"

enum ENUM_LEDGER_STATE
  {
   LEDGER_STATE_CLOSED,
   LEDGER_STATE_OPEN,
   LEDGER_STATE_LOCKED,  // another chart or another program has the file open
   LEDGER_STATE_FOREIGN, // the file is not a ledger; it is not changed
   LEDGER_STATE_FAILED   // the file system failed
  };
//+------------------------------------------------------------------+
//| The ledger of one account.                                       |
//+------------------------------------------------------------------+
class CLedger
  {
private:
   CLedgerBook       m_book;
   ENUM_LEDGER_STATE m_state;
   int               m_file;
   string            m_name;
   string            m_problem;
   long              m_end;     // place of the next line
   bool              m_unended; // the last record lacks its line end only
   string            m_instance_id; // the load that works with it; empty: none yet
   SAccount          m_account;

   bool              Fail(const ENUM_LEDGER_STATE state,const string problem);
   bool              Create(CEntropy &entropy);
   bool              ReadAll(CEntropy &entropy);
   bool              MakeAnew(CEntropy &entropy);
   bool              ReadBytes(const long from,uchar &bytes[],const int count);
   bool              ReadLines(const uchar &bytes[],const int size);
   bool              ReadLine(const uchar &bytes[],const int start,const int count);
   bool              Append(const string line);
   bool              Put(const uchar &bytes[],const int count);

public:
                     CLedger(void);
                    ~CLedger(void);
   bool              Open(const SAccount &account,CEntropy &entropy);
   void              Close(void);
   bool              IsOpenFor(const SAccount &account) const;
   ENUM_LEDGER_STATE State(void) const;
   string            Problem(void) const;
   string            FileName(void) const;
   void              Identity(SLedgerIdentity &identity) const;
   int               Count(void) const;
   bool              At(const int index,SLedgerEntry &entry) const;
   bool              Find(const long client_order_id,SLedgerEntry &entry) const;
   string            OrderText(const SLedgerEntry &entry);
   bool              Knows(const long client_order_id) const { return(m_book.Knows(client_order_id)); }
   bool              Enter(const string instance_id);
   bool              Intend(const SOrder &order,const long attempt);
   bool              Conclude(const SLedgerEntry &outcome);
  };
//+------------------------------------------------------------------+
//| Create it closed.                                                |
//+------------------------------------------------------------------+
CLedger::CLedger(void)
  {
   m_file=INVALID_HANDLE;
   m_state=LEDGER_STATE_CLOSED;
   m_problem="";
   m_end=0;
   m_unended=false;
   m_instance_id="";
   ClearAccount(m_account);
  }
//+------------------------------------------------------------------+
//| Close the file, so that another chart can open it.               |
//+------------------------------------------------------------------+
CLedger::~CLedger(void)
  {
   Close();
  }
//+------------------------------------------------------------------+
//| Close the file, so that another chart can open it.               |
//+------------------------------------------------------------------+
void CLedger::Close(void)
  {
   if(m_file!=INVALID_HANDLE)
      FileClose(m_file);
   m_file=INVALID_HANDLE;
   m_state=LEDGER_STATE_CLOSED;
   m_problem="";
   m_instance_id="";
   m_book.Clear();
   ClearAccount(m_account);
  }
//+------------------------------------------------------------------+
//| Note why the ledger cannot be used. Always false.                |
//+------------------------------------------------------------------+
bool CLedger::Fail(const ENUM_LEDGER_STATE state,const string problem)
  {
   if(m_file!=INVALID_HANDLE)
      FileClose(m_file);
   m_file=INVALID_HANDLE;
   m_state=state;
   m_problem=problem;
   return(false);
  }
//+------------------------------------------------------------------+
//| Open an account's ledger; create it where there is none.         |
//+------------------------------------------------------------------+
bool CLedger::Open(const SAccount &account,CEntropy &entropy)
  {
   Close();
   m_name=LedgerFileName(account);
   m_account=account;
   if(!FileIsExist(m_name) && !Create(entropy))
      return(false);
   ResetLastError();
   // Without FILE_SHARE_WRITE: a second program that wants to write is refused.
   m_file=FileOpen(m_name,FILE_READ|FILE_WRITE|FILE_BIN|FILE_SHARE_READ);
   if(m_file==INVALID_HANDLE)
      return(Fail(LEDGER_STATE_LOCKED,"MQL5\\Files\\"+m_name+" cannot be opened (error "+IntegerToString(GetLastError())
                  +"): the program runs on another chart of this account, or a backup or a virus scanner holds the"
                  +" file. Remove it from one of the two charts, or exclude the file from the scanner"));
   if(!ReadAll(entropy))
      return(false);
   m_state=LEDGER_STATE_OPEN;
   return(true);
  }
//+------------------------------------------------------------------+
//| Create a new ledger, complete or not at all: a crash here must   |
//| not look like a damaged ledger.                                  |
//+------------------------------------------------------------------+
bool CLedger::Create(CEntropy &entropy)
  {
   string temporary=m_name+".new";
   uchar bytes[];
   int size=TextToUtf8(HeaderLine(entropy.Hex(LEDGER_ID_BYTES),m_account.login)+"\n",bytes);
   ResetLastError();
   int file=FileOpen(temporary,FILE_WRITE|FILE_BIN);
   if(file==INVALID_HANDLE)
      return(Fail(LEDGER_STATE_LOCKED,"MQL5\\Files\\"+temporary+" cannot be created (error "
                  +IntegerToString(GetLastError())+"): make room on the disk, or remove the program from another chart"
                  +" of this account"));
   uint written=FileWriteArray(file,bytes,0,size);
   FileFlush(file);
   FileClose(file);
   if(written!=(uint)size)
      return(Fail(LEDGER_STATE_FAILED,"MQL5\\Files\\"+temporary+" cannot be written: make room on the disk"));
   // Where another chart created the file first, that file is used.
   if(!FileMove(temporary,0,m_name,0) && !FileIsExist(m_name))
      return(Fail(LEDGER_STATE_FAILED,"MQL5\\Files\\"+temporary+" cannot be renamed (error "
                  +IntegerToString(GetLastError())+")"));
   return(true);
  }
//+------------------------------------------------------------------+
//| Read the whole file.                                             |
//+------------------------------------------------------------------+
bool CLedger::ReadAll(CEntropy &entropy)
  {
   uchar bytes[];
   int size=(int)FileSize(m_file);
   if(size>0 && !ReadBytes(0,bytes,size))
      return(Fail(LEDGER_STATE_FAILED,"MQL5\\Files\\"+m_name
                  +" cannot be read to its end: close the programs that use it"));
   if(IsTornHeader(bytes,size,m_account.login))
      return(MakeAnew(entropy));
   return(ReadLines(bytes,size));
  }
//+------------------------------------------------------------------+
//| Write the first line over the beginning of one. It is longer, so |
//| nothing of the old one remains.                                  |
//+------------------------------------------------------------------+
bool CLedger::MakeAnew(CEntropy &entropy)
  {
   uchar bytes[];
   int size=TextToUtf8(HeaderLine(entropy.Hex(LEDGER_ID_BYTES),m_account.login)+"\n",bytes);
   m_end=0;
   if(!Put(bytes,size))
      return(Fail(LEDGER_STATE_FAILED,m_problem+": make room on the disk"));
   m_problem="";
   return(ReadLines(bytes,size));
  }
//+------------------------------------------------------------------+
//| Read bytes. Between reading and writing with one handle MQL5     |
//| requires a FileFlush: it follows every read.                     |
//+------------------------------------------------------------------+
bool CLedger::ReadBytes(const long from,uchar &bytes[],const int count)
  {
   ArrayResize(bytes,count);
   bool complete=FileSeek(m_file,from,SEEK_SET) && FileReadArray(m_file,bytes,0,count)==(uint)count;
   FileFlush(m_file);
   return(complete);
  }
//+------------------------------------------------------------------+
//| Read every line, and find the place of the next one.             |
//+------------------------------------------------------------------+
bool CLedger::ReadLines(const uchar &bytes[],const int size)
  {
   int start=0;
   int lines=0;
   bool whole=true;
   for(int i=0; i<size; i++)
     {
      if(bytes[i]!='\n')
         continue;
      if(lines==0 && !m_book.ReadHeader(bytes,0,i))
         return(Fail(LEDGER_STATE_FOREIGN,"MQL5\\Files\\"+m_name+" "+m_book.Error()+LEDGER_KEPT));
      if(lines>0 && !ReadLine(bytes,start,i-start))
         whole=false;
      lines++;
      start=i+1;
     }
   if(lines==0 && !m_book.ReadHeader(bytes,0,size))
      return(Fail(LEDGER_STATE_FOREIGN,"MQL5\\Files\\"+m_name+" "+m_book.Error()+LEDGER_KEPT));
   m_end=start;
   m_unended=false;
   // A tail that is a whole record lacks its line end only. After damage no tail counts as torn.
   if(start<size && (lines==0 || !whole || ReadLine(bytes,start,size-start)))
     {
      m_end=size;
      m_unended=true;
     }
   if(!whole)
      m_book.Break();
   return(true);
  }
//+------------------------------------------------------------------+
//| Read one line into the book, and note its place.                 |
//+------------------------------------------------------------------+
bool CLedger::ReadLine(const uchar &bytes[],const int start,const int count)
  {
   int before=m_book.Count();
   bool whole=m_book.ReadLine(bytes,start,count);
   if(m_book.Count()>before)
      m_book.Place(start,count);
   return(whole);
  }
//+------------------------------------------------------------------+
//| Return whether the account's ledger is open.                     |
//+------------------------------------------------------------------+
bool CLedger::IsOpenFor(const SAccount &account) const
  {
   return(m_state==LEDGER_STATE_OPEN && SameAccount(account,m_account));
  }
//+------------------------------------------------------------------+
//| Return the state.                                                |
//+------------------------------------------------------------------+
ENUM_LEDGER_STATE CLedger::State(void) const
  {
   return(m_state);
  }
//+------------------------------------------------------------------+
//| Return why the ledger cannot be used or written.                 |
//+------------------------------------------------------------------+
string CLedger::Problem(void) const
  {
   return(m_problem);
  }
//+------------------------------------------------------------------+
//| Return its name in MQL5\Files.                                   |
//+------------------------------------------------------------------+
string CLedger::FileName(void) const
  {
   return(m_name);
  }
//+------------------------------------------------------------------+
//| Read the identity for the handshake.                             |
//+------------------------------------------------------------------+
void CLedger::Identity(SLedgerIdentity &identity) const
  {
   m_book.Identity(identity);
  }
//+------------------------------------------------------------------+
//| Return the number of client order ids.                           |
//+------------------------------------------------------------------+
int CLedger::Count(void) const
  {
   return(m_book.Count());
  }
//+------------------------------------------------------------------+
//| Read the entry at an index, in the order of the intents.         |
//+------------------------------------------------------------------+
bool CLedger::At(const int index,SLedgerEntry &entry) const
  {
   return(m_book.At(index,entry));
  }
//+------------------------------------------------------------------+
//| Read the entry of a client order id; return false where there is |
//| none.                                                            |
//+------------------------------------------------------------------+
bool CLedger::Find(const long client_order_id,SLedgerEntry &entry) const
  {
   return(m_book.Find(client_order_id,entry));
  }
//+------------------------------------------------------------------+
//| Write once that this load works with the ledger. Where it cannot |
//| be written, the next intent tries again.                         |
//+------------------------------------------------------------------+
bool CLedger::Enter(const string instance_id)
  {
   if(m_state!=LEDGER_STATE_OPEN)
      return(false);
   m_instance_id=instance_id;
   if(m_book.HasInstance(instance_id))
      return(true);
   if(!Append(InstanceLine(instance_id)))
      return(false);
   m_book.Enter(instance_id);
   return(true);
  }
//+------------------------------------------------------------------+
//| Write the intent of an order. Where it returns false the order   |
//| must not be sent.                                                |
//+------------------------------------------------------------------+
bool CLedger::Intend(const SOrder &order,const long attempt)
  {
   SLedgerIdentity identity;
   m_book.Identity(identity);
   if(m_state!=LEDGER_STATE_OPEN || m_book.Knows(order.client_order_id))
     {
      m_problem="the ledger is not open, or has an intent of this command already";
      return(false);
     }
   if(m_instance_id!="" && !Enter(m_instance_id))
      return(false);
   uchar bytes[];
   string line=IntentLine(identity.mark+1,attempt,order);
   if(!Append(line))
      return(false);
   int size=TextToUtf8(line,bytes);
   m_book.Intend(order.client_order_id,attempt);
   m_book.Place(m_end-size-1,size);
   return(true);
  }
//+------------------------------------------------------------------+
//| Return the order of an entry's intent as JSON; empty where it    |
//| cannot be read. Read from the file: a ledger of years is long.   |
//+------------------------------------------------------------------+
string CLedger::OrderText(const SLedgerEntry &entry)
  {
   uchar bytes[];
   if(m_state!=LEDGER_STATE_OPEN || entry.size<=0 || !ReadBytes(entry.place,bytes,entry.size))
      return("");
   string line=Utf8ToText(bytes,0,entry.size);
   int start=StringFind(line,ORDER_MEMBER);
   if(start<0)
      return("");
   start+=StringLen(ORDER_MEMBER);
   return(StringSubstr(line,start,StringLen(line)-start-1));
  }
//+------------------------------------------------------------------+
//| Write the outcome of an order. It counts in memory even where    |
//| the file cannot be written (false).                              |
//+------------------------------------------------------------------+
bool CLedger::Conclude(const SLedgerEntry &outcome)
  {
   m_book.Conclude(outcome);
   return(Append(OutcomeLine(outcome)));
  }
//+------------------------------------------------------------------+
//| Append one line, and flush it as far as the terminal shows. A    |
//| torn tail behind the last whole line is blanked.                 |
//+------------------------------------------------------------------+
bool CLedger::Append(const string line)
  {
   uchar text[];
   uchar bytes[];
   int torn=(int)((long)FileSize(m_file)-m_end);
   int size=TextToUtf8(line+"\n",text);
   int before=(m_unended || torn>0) ? 1 : 0;
   if(torn<0)
      torn=0;
   ArrayResize(bytes,torn+before+size);
   for(int i=0; i<torn; i++)
      bytes[i]=' ';
   if(before==1)
      bytes[torn]='\n';
   for(int i=0; i<size; i++)
      bytes[torn+before+i]=text[i];
   if(!Put(bytes,torn+before+size))
      return(false);
   m_end+=torn+before+size;
   m_unended=false;
   m_problem="";
   return(true);
  }
//+------------------------------------------------------------------+
//| Write bytes at the end and flush them. FileFlush returns         |
//| nothing: the error number is checked, and the bytes are read     |
//| back.                                                            |
//+------------------------------------------------------------------+
bool CLedger::Put(const uchar &bytes[],const int count)
  {
   uchar again[];
   m_problem="MQL5\\Files\\"+m_name+" cannot be written";
   ResetLastError();
   if(!FileSeek(m_file,m_end,SEEK_SET))
      return(false);
   if(FileWriteArray(m_file,bytes,0,count)!=(uint)count)
      return(false);
   FileFlush(m_file);
   if(GetLastError()!=0 || (long)FileSize(m_file)<m_end+count)
      return(false);
   if(!ReadBytes(m_end,again,count))
      return(false);
   for(int i=0; i<count; i++)
      if(again[i]!=bytes[i])
         return(false);
   return(true);
  }
//+------------------------------------------------------------------+
