//+------------------------------------------------------------------+
//|                                                    Transport.mqh |
//| Bytes over the terminal's TCP socket. Each rule here prevents a  |
//| failure that was seen on a real terminal:                        |
//|                                                                  |
//| - Never request more than is readable, and never wait: a read    |
//|   of more bytes blocks until the peer sends them.                |
//| - One readable byte may be none (a guess of the terminal), and   |
//|   reading it would block. One byte is left in the socket until   |
//|   another one follows: no message ends there, and the next       |
//|   heartbeat brings more.                                         |
//| - The first send in the timer call of the connect fails (5273).  |
//|   The delay after which it succeeds is unknown; a second is      |
//|   enough. Where it fails, the next connection waits longer.      |
//| - A failed read may have brought bytes nevertheless.             |
//| - A peer that closed may have left bytes, and they may be        |
//|   readable at the second look only: the connection is closed     |
//|   when it is not connected and two looks found nothing.          |
//| - A send may take a part of the bytes. This class keeps the      |
//|   rest.                                                          |
//+------------------------------------------------------------------+
#include "..\Common\Bytes.mqh"
#include "..\Common\Clock.mqh"

#define TRANSPORT_CONNECT_MS 200      // a connect blocks the program; ample for loopback
#define TRANSPORT_IO_MS 200
#define TRANSPORT_SEND_DELAY_MS 250         // before the first send, after one in the next timer call failed
#define TRANSPORT_SEND_DELAY_MAX_MS 1500   // after that failed, too
#define TRANSPORT_CHUNK 16384
#define TRANSPORT_READ_MAX 262144    // in one timer call
#define TRANSPORT_UNSENT_MAX 4194304
#define TRANSPORT_READABLE_MIN 2              // fewer readable bytes may be a guess

#define NET_NOT_ALLOWED 4014
#define NET_CANNOT_CONNECT 5272
#define NET_IO_ERROR 5273
//+------------------------------------------------------------------+
//| One TCP connection.                                              |
//+------------------------------------------------------------------+
class CTransport
  {
private:
   int               m_socket;
   bool              m_fresh;         // just connected: nothing may be sent yet
   bool              m_nothing_sent;  // nothing was sent on this connection
   long              m_opened_ms;
   long              m_send_delay_ms; // time after the connect without a send
   CBytes            m_unsent;
   string            m_reason;        // why it was closed
   int               m_error;         // the terminal's error number

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
//| Create it closed.                                                |
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
//| Close the socket with the program.                               |
//+------------------------------------------------------------------+
CTransport::~CTransport(void)
  {
   Close();
  }
//+------------------------------------------------------------------+
//| Connect; return false with a reason on failure.                  |
//+------------------------------------------------------------------+
bool CTransport::Open(const string host,const int port)
  {
   Close();
   m_reason="";
   m_error=0;
   ResetLastError();
   m_socket=SocketCreate();
   if(m_socket==INVALID_HANDLE)
      return(Fail("no socket could be created",GetLastError()));
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
//| Close the socket, and drop what was not sent.                    |
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
//| Return whether the socket is open, as far as is known.           |
//+------------------------------------------------------------------+
bool CTransport::IsOpen(void) const
  {
   return(m_socket!=INVALID_HANDLE);
  }
//+------------------------------------------------------------------+
//| Return why it is closed.                                         |
//+------------------------------------------------------------------+
string CTransport::Reason(void) const
  {
   return(m_reason);
  }
//+------------------------------------------------------------------+
//| Return the terminal's error number; 0 where it gave none.        |
//+------------------------------------------------------------------+
int CTransport::ErrorNumber(void) const
  {
   return(m_error);
  }
//+------------------------------------------------------------------+
//| Close the socket with a reason. Always false.                    |
//+------------------------------------------------------------------+
bool CTransport::Fail(const string reason,const int error)
  {
   Close();
   m_error=error;
   m_reason=(error!=0) ? reason+" (error "+IntegerToString(error)+")" : reason;
   return(false);
  }
//+------------------------------------------------------------------+
//| Start a timer call.                                              |
//+------------------------------------------------------------------+
void CTransport::NextCall(void)
  {
   m_fresh=(m_fresh && MonoMs()-m_opened_ms<m_send_delay_ms);
  }
//+------------------------------------------------------------------+
//| Receive what is readable; return false where the connection is   |
//| closed. Bytes that came before are in the buffer.                |
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
//| Read no more than is readable; return the number of bytes, -1 on |
//| an error.                                                        |
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
//| Queue bytes; return false where too many wait.                   |
//+------------------------------------------------------------------+
bool CTransport::Queue(CBytes &bytes)
  {
   if(bytes.Size()==0)
      return(true);
   if(m_unsent.Size()+bytes.Size()>TRANSPORT_UNSENT_MAX)
      return(Fail("the socket accepts no more bytes",0));
   m_unsent.Take(bytes);
   return(true);
  }
//+------------------------------------------------------------------+
//| Send what the socket takes; return false where the connection is |
//| closed.                                                          |
//+------------------------------------------------------------------+
bool CTransport::Flush(void)
  {
   if(m_socket==INVALID_HANDLE || m_fresh)
      return(m_socket!=INVALID_HANDLE);
   bool moved=true;
   // Ask twice, as for readable bytes.
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
      // Nothing sent, without an error: the socket may be full. After the second time the rest is sent later.
      if(!moved)
         break;
      moved=false;
     }
   return(true);
  }
//+------------------------------------------------------------------+
//| Return the number of bytes that wait.                            |
//+------------------------------------------------------------------+
int CTransport::Unsent(void) const
  {
   return(m_unsent.Size());
  }
//+------------------------------------------------------------------+
