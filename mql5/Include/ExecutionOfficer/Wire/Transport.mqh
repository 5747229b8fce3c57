//+------------------------------------------------------------------+
//|                                                    Transport.mqh |
//| Bytes over the terminal's own TCP socket. Each rule here stands  |
//| for something that was seen to go wrong on a real terminal:      |
//|                                                                  |
//| - Never ask for more than is readable, and never wait: a read    |
//|   that asks for more blocks for as long as the peer is silent.   |
//| - One readable byte may be none at all (the terminal guesses),   |
//|   and asking for it would block. So one byte is left where it is |
//|   until another one stands behind it: none of our messages ends  |
//|   there, and the next heartbeat brings more.                     |
//| - The first send in the timer call of the connect fails (5273).  |
//|   How much later it does not is not known, only that a second is |
//|   enough: where it fails, the next connection waits longer.      |
//| - A read that fails may have brought bytes all the same.         |
//| - A peer that closed may have left bytes, and what is readable   |
//|   may show at the second look only: the link is closed when it is|
//|   not connected and two looks found nothing.                     |
//| - A send may take a part. The rest has one owner: this class.    |
//+------------------------------------------------------------------+
#include "..\Common\Bytes.mqh"
#include "..\Common\Clock.mqh"

#define TRANSPORT_CONNECT_MS 200      // a connect blocks the whole program; on loopback this is long
#define TRANSPORT_IO_MS 200
#define TRANSPORT_SEND_DELAY_MS 250         // before the first send, where one in the next timer call has failed
#define TRANSPORT_SEND_DELAY_MAX_MS 1500   // and where that has failed too
#define TRANSPORT_CHUNK 16384
#define TRANSPORT_READ_MAX 262144    // in one timer call
#define TRANSPORT_UNSENT_MAX 4194304
#define TRANSPORT_READABLE_MIN 2              // so many readable bytes are no guess

#define NET_NOT_ALLOWED 4014
#define NET_CANNOT_CONNECT 5272
#define NET_IO_ERROR 5273
//+------------------------------------------------------------------+
//| One TCP connection of ours                                       |
//+------------------------------------------------------------------+
class CTransport
  {
private:
   int               m_socket;
   bool              m_fresh;    // just connected: nothing may be sent yet
   bool              m_nothing_sent;     // nothing was sent on this connection
   long              m_opened_ms;
   long              m_send_delay_ms;  // for how long after the connect nothing is sent
   CBytes            m_unsent;
   string            m_reason;   // why it was closed
   int               m_error;    // the terminal's error number with that

   bool              Fail(const string reason,const int error);
   int               ReadChunk(CBytes &in,const uint readable);

public:
                     CTransport(void);
                    ~CTransport(void);
   bool              Open(const string host,const int port);
   void              Close(void);
   bool              IsOpen(void) const;
   string            Reason(void) const;
   int               ErrorNumber(void) const;
   void              NextCall(void);
   bool              Receive(CBytes &in);
   bool              Queue(CBytes &bytes);
   bool              Flush(void);
   int               Unsent(void) const;
  };
//+------------------------------------------------------------------+
//| Closed                                                           |
//+------------------------------------------------------------------+
CTransport::CTransport(void)
  {
   m_socket=INVALID_HANDLE;
   m_fresh=false;
   m_nothing_sent=true;
   m_opened_ms=0;
   m_send_delay_ms=0;
   m_reason="";
   m_error=0;
  }
//+------------------------------------------------------------------+
//| A socket must not outlive the program                            |
//+------------------------------------------------------------------+
CTransport::~CTransport(void)
  {
   Close();
  }
//+------------------------------------------------------------------+
//| Connect; false with a reason where that does not work            |
//+------------------------------------------------------------------+
bool CTransport::Open(const string host,const int port)
  {
   Close();
   m_reason="";
   m_error=0;
   ResetLastError();
   m_socket=SocketCreate();
   if(m_socket==INVALID_HANDLE)
      return(Fail("no socket could be made",GetLastError()));
   SocketTimeouts(m_socket,TRANSPORT_IO_MS,TRANSPORT_IO_MS);
   ResetLastError();
   if(!SocketConnect(m_socket,host,(uint)port,TRANSPORT_CONNECT_MS))
      return(Fail("no connection to "+host+":"+IntegerToString(port),GetLastError()));
   m_fresh=true;
   m_nothing_sent=true;
   m_opened_ms=MonoMs();
   return(true);
  }
//+------------------------------------------------------------------+
//| Let go of the socket, and of what was not sent                   |
//+------------------------------------------------------------------+
void CTransport::Close(void)
  {
   if(m_socket!=INVALID_HANDLE)
      SocketClose(m_socket);
   m_socket=INVALID_HANDLE;
   m_fresh=false;
   m_unsent.Clear();
  }
//+------------------------------------------------------------------+
//| Whether there is a connection, as far as we know                 |
//+------------------------------------------------------------------+
bool CTransport::IsOpen(void) const
  {
   return(m_socket!=INVALID_HANDLE);
  }
//+------------------------------------------------------------------+
//| Why there is none                                                |
//+------------------------------------------------------------------+
string CTransport::Reason(void) const
  {
   return(m_reason);
  }
//+------------------------------------------------------------------+
//| The terminal's error number with that, 0 where it gave none      |
//+------------------------------------------------------------------+
int CTransport::ErrorNumber(void) const
  {
   return(m_error);
  }
//+------------------------------------------------------------------+
//| It is of no use any more                                         |
//+------------------------------------------------------------------+
bool CTransport::Fail(const string reason,const int error)
  {
   Close();
   m_error=error;
   m_reason=(error!=0) ? reason+" (error "+IntegerToString(error)+")" : reason;
   return(false);
  }
//+------------------------------------------------------------------+
//| Another timer call begins                                        |
//+------------------------------------------------------------------+
void CTransport::NextCall(void)
  {
   m_fresh=(m_fresh && MonoMs()-m_opened_ms<m_send_delay_ms);
  }
//+------------------------------------------------------------------+
//| Take in what is there; false where the connection is gone. What  |
//| came before that is in the buffer all the same.                  |
//+------------------------------------------------------------------+
bool CTransport::Receive(CBytes &in)
  {
   if(m_socket==INVALID_HANDLE || m_fresh)
      return(m_socket!=INVALID_HANDLE);
   int taken=0;
   while(taken<TRANSPORT_READ_MAX)
     {
      bool connected=SocketIsConnected(m_socket);
      uint readable=SocketIsReadable(m_socket);
      if(readable<TRANSPORT_READABLE_MIN && !connected)
         readable=SocketIsReadable(m_socket);
      if(readable<TRANSPORT_READABLE_MIN)
         return(connected || Fail("the sidecar closed the connection",0));
      int count=ReadChunk(in,readable);
      if(count<0)
         return(Fail("the connection broke",m_error));
      if(count==0)
         break;
      taken+=count;
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Read no more than is readable; how many bytes, -1 for an error   |
//+------------------------------------------------------------------+
int CTransport::ReadChunk(CBytes &in,const uint readable)
  {
   uchar bytes[];
   uint wanted=(readable<TRANSPORT_CHUNK) ? readable : TRANSPORT_CHUNK;
   ResetLastError();
   int count=SocketRead(m_socket,bytes,wanted,1);
   if(count>0)
     {
      in.Append(bytes,0,count);
      return(count);
     }
   m_error=GetLastError();
   if(m_error==0)
      return(0);
   int brought=ArraySize(bytes);
   if(brought>0 && (uint)brought<=wanted)
      in.Append(bytes,0,brought);
   return(-1);
  }
//+------------------------------------------------------------------+
//| Have bytes sent after what waits; false where too much waits     |
//+------------------------------------------------------------------+
bool CTransport::Queue(CBytes &bytes)
  {
   if(bytes.Size()==0)
      return(true);
   if(m_unsent.Size()+bytes.Size()>TRANSPORT_UNSENT_MAX)
      return(Fail("the socket takes no more",0));
   m_unsent.Take(bytes);
   return(true);
  }
//+------------------------------------------------------------------+
//| Send what the socket takes now; false where the connection is    |
//| gone                                                             |
//+------------------------------------------------------------------+
bool CTransport::Flush(void)
  {
   if(m_socket==INVALID_HANDLE || m_fresh)
      return(m_socket!=INVALID_HANDLE);
   bool moved=true;
   // A second look, as with what is readable.
   while(m_unsent.Size()>0 && (SocketIsWritable(m_socket) || SocketIsWritable(m_socket)))
     {
      uchar chunk[];
      int size=m_unsent.CopyOut(chunk,0,TRANSPORT_CHUNK);
      ResetLastError();
      int sent=SocketSend(m_socket,chunk,(uint)size);
      if(sent>0)
        {
         m_unsent.Skip(sent);
         m_nothing_sent=false;
         moved=true;
         continue;
        }
      int error=GetLastError();
      if(error!=0)
        {
         if(m_nothing_sent)
            m_send_delay_ms=(m_send_delay_ms==0) ? TRANSPORT_SEND_DELAY_MS : TRANSPORT_SEND_DELAY_MAX_MS;
         return(Fail("the connection broke",error));
        }
      // Nothing, without an error: the socket is full, or only says so. Twice in a row, and the rest goes later.
      if(!moved)
         break;
      moved=false;
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| How many bytes wait to be sent                                   |
//+------------------------------------------------------------------+
int CTransport::Unsent(void) const
  {
   return(m_unsent.Size());
  }
//+------------------------------------------------------------------+
