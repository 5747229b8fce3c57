//+------------------------------------------------------------------+
//|                                                      Sockets.mqh |
//| Measure the terminal's sockets against a running sidecar. Its    |
//| ROUTER greets each connection, and closes one that sends         |
//| anything else than ZMTP. Each step is one timer call; two of     |
//| them may block for as long as the terminal lets a read block.    |
//+------------------------------------------------------------------+
#include "Report.mqh"

#define PROBE_GREETING 10         // bytes that a ROUTER sends first
#define PROBE_WAIT_STEP_CALLS 150        // timer calls
#define PROBE_CLOSE_CALLS 50
#define PROBE_LONG_MS 1000        // a read that takes longer than this blocks
#define PROBE_SEND_BYTES 262144

enum ENUM_PROBE_STEP
  {
   PROBE_STEP_FIRST_SEND,
   PROBE_STEP_CONNECT_QUIET,
   PROBE_STEP_GREETING,
   PROBE_STEP_QUIET,
   PROBE_STEP_EMPTY_READ,
   PROBE_STEP_CONNECT_LONG,
   PROBE_STEP_LONG_READ,
   PROBE_STEP_CONNECT_CLOSE,
   PROBE_STEP_PROVOKE,
   PROBE_STEP_CLOSING,
   PROBE_STEP_CLOSED,
   PROBE_STEP_CONNECT_SEND,
   PROBE_STEP_BIG_SEND,
   PROBE_STEP_DONE
  };
//+------------------------------------------------------------------+
//| Steps of the measurement, one after the other.                   |
//+------------------------------------------------------------------+
class CProbeSockets
  {
private:
   string            m_host;
   uint              m_port;
   int               m_socket;
   int               m_step;
   int               m_calls; // in this step
   int               m_guesses;
   bool              m_second_look;

   bool              Connect(CProbeReport &report,const bool first);
   void              Close(void);
   void              Go(const int step);
   uint              Readable(void);
   int               SendBytes(const int count,const int value) const;
   void              FirstSend(CProbeReport &report);
   void              Greeting(void);
   void              Quiet(CProbeReport &report);
   void              EmptyRead(CProbeReport &report);
   void              LongRead(CProbeReport &report);
   void              Closing(CProbeReport &report);
   void              Closed(CProbeReport &report);
   void              BigSend(CProbeReport &report);

public:
                     CProbeSockets(void);
   void              Start(const string host,const int port);
   bool              Call(CProbeReport &report);
   void              Stop(void);
  };
//+------------------------------------------------------------------+
//| Create it without an address.                                    |
//+------------------------------------------------------------------+
CProbeSockets::CProbeSockets(void)
  {
   m_socket=INVALID_HANDLE;
   Start("",0);
  }
//+------------------------------------------------------------------+
//| Start with the first step.                                       |
//+------------------------------------------------------------------+
void CProbeSockets::Start(const string host,const int port)
  {
   Close();
   m_host=host;
   m_port=(uint)port;
   m_guesses=0;
   m_second_look=false;
   Go(PROBE_STEP_FIRST_SEND);
  }
//+------------------------------------------------------------------+
//| Stop, and close the socket.                                      |
//+------------------------------------------------------------------+
void CProbeSockets::Stop(void)
  {
   Close();
  }
//+------------------------------------------------------------------+
//| Close the socket.                                                |
//+------------------------------------------------------------------+
void CProbeSockets::Close(void)
  {
   if(m_socket!=INVALID_HANDLE)
      SocketClose(m_socket);
   m_socket=INVALID_HANDLE;
  }
//+------------------------------------------------------------------+
//| Go on to a step.                                                 |
//+------------------------------------------------------------------+
void CProbeSockets::Go(const int step)
  {
   m_step=step;
   m_calls=0;
  }
//+------------------------------------------------------------------+
//| Open a new connection. Without one the measurement ends.         |
//+------------------------------------------------------------------+
bool CProbeSockets::Connect(CProbeReport &report,const bool first)
  {
   Close();
   m_socket=SocketCreate();
   if(m_socket==INVALID_HANDLE)
      return(false);
   long start_us=(long)GetMicrosecondCount();
   ResetLastError();
   bool connected=SocketConnect(m_socket,m_host,m_port,1000);
   int error=GetLastError();
   long took_us=(long)GetMicrosecondCount()-start_us;
   if(first)
     {
      report.Measure("connect_us",took_us);
      report.Integer("address_refused",(!connected && error==4014) ? 4014 : 0);
      if(connected)
         report.Integer("connect_takes",took_us/1000);
      else
         report.Measure("connect_error",error);
     }
   if(!connected)
      Go(PROBE_STEP_DONE);
   return(connected);
  }
//+------------------------------------------------------------------+
//| Return the number of readable bytes, asked twice.                |
//+------------------------------------------------------------------+
uint CProbeSockets::Readable(void)
  {
   uint first=SocketIsReadable(m_socket);
   uint second=SocketIsReadable(m_socket);
   if(first==0 && second>1)
      m_second_look=true;
   return(second);
  }
//+------------------------------------------------------------------+
//| Send equal bytes; return the number that the socket took.        |
//+------------------------------------------------------------------+
int CProbeSockets::SendBytes(const int count,const int value) const
  {
   uchar bytes[];
   ArrayResize(bytes,count);
   for(int i=0; i<count; i++)
      bytes[i]=(uchar)value;
   return(SocketSend(m_socket,bytes,(uint)count));
  }
//+------------------------------------------------------------------+
//| Do one timer call; return true after the last step.              |
//+------------------------------------------------------------------+
bool CProbeSockets::Call(CProbeReport &report)
  {
   m_calls++;
   switch(m_step)
     {
      case PROBE_STEP_FIRST_SEND:
         FirstSend(report);
         break;
      case PROBE_STEP_CONNECT_QUIET:
      case PROBE_STEP_CONNECT_LONG:
      case PROBE_STEP_CONNECT_CLOSE:
      case PROBE_STEP_CONNECT_SEND:
         if(Connect(report,false))
            Go(m_step+1);
         break;
      case PROBE_STEP_GREETING:
         Greeting();
         break;
      case PROBE_STEP_QUIET:
         Quiet(report);
         break;
      case PROBE_STEP_EMPTY_READ:
         EmptyRead(report);
         break;
      case PROBE_STEP_LONG_READ:
         LongRead(report);
         break;
      case PROBE_STEP_PROVOKE:
         // The greeting stays unread; then send bytes on which the peer closes.
         if(Readable()>=PROBE_GREETING || m_calls>PROBE_WAIT_STEP_CALLS)
           {
            report.Measure("garbage_sent",SendBytes(64,71));
            Go(PROBE_STEP_CLOSING);
           }
         break;
      case PROBE_STEP_CLOSING:
         Closing(report);
         break;
      case PROBE_STEP_CLOSED:
         Closed(report);
         break;
      case PROBE_STEP_BIG_SEND:
         BigSend(report);
         break;
      default:
         Close();
         return(true);
     }
   return(false);
  }
//+------------------------------------------------------------------+
//| Send in the timer call of the connect.                           |
//+------------------------------------------------------------------+
void CProbeSockets::FirstSend(CProbeReport &report)
  {
   if(!Connect(report,true))
      return;
   ResetLastError();
   int sent=SendBytes(1,255);
   report.Flag("first_send_refused",sent<=0);
   report.Measure("first_send_error",GetLastError());
   Go(PROBE_STEP_CONNECT_QUIET);
  }
//+------------------------------------------------------------------+
//| Read the peer's greeting to its last byte.                       |
//+------------------------------------------------------------------+
void CProbeSockets::Greeting(void)
  {
   uchar bytes[];
   uint readable=Readable();
   if(readable<PROBE_GREETING && m_calls<PROBE_WAIT_STEP_CALLS)
      return;
   if(readable>0)
      m_guesses=(SocketRead(m_socket,bytes,readable,10)>0) ? 0 : -1;
   Go(PROBE_STEP_QUIET);
  }
//+------------------------------------------------------------------+
//| Count readable bytes that the terminal claims while nothing      |
//| arrives.                                                         |
//+------------------------------------------------------------------+
void CProbeSockets::Quiet(CProbeReport &report)
  {
   if(Readable()==1)
      m_guesses++;
   if(m_calls<50)
      return;
   report.Flag("speculative_byte",m_guesses>0);
   report.Flag("readable_at_second_look",m_second_look);
   Go(PROBE_STEP_EMPTY_READ);
  }
//+------------------------------------------------------------------+
//| Read with an empty buffer and the time-out 0.                    |
//+------------------------------------------------------------------+
void CProbeSockets::EmptyRead(CProbeReport &report)
  {
   uchar bytes[];
   long start_us=(long)GetMicrosecondCount();
   ResetLastError();
   int count=SocketRead(m_socket,bytes,1,0);
   long took_ms=((long)GetMicrosecondCount()-start_us)/1000;
   report.Measure("empty_read_ms",took_ms);
   report.Measure("empty_read_count",count);
   report.Measure("empty_read_error",GetLastError());
   report.Integer("zero_wait_read_blocks",(took_ms>PROBE_LONG_MS) ? took_ms : 0);
   Go(PROBE_STEP_CONNECT_LONG);
  }
//+------------------------------------------------------------------+
//| Read more than is readable, with a short time-out.               |
//+------------------------------------------------------------------+
void CProbeSockets::LongRead(CProbeReport &report)
  {
   uchar bytes[];
   uint readable=Readable();
   if(readable<PROBE_GREETING && m_calls<PROBE_WAIT_STEP_CALLS)
      return;
   long start_us=(long)GetMicrosecondCount();
   ResetLastError();
   int count=SocketRead(m_socket,bytes,readable+4096,100);
   long took_ms=((long)GetMicrosecondCount()-start_us)/1000;
   report.Measure("long_read_ms",took_ms);
   report.Measure("long_read_count",count);
   report.Measure("long_read_brought",ArraySize(bytes));
   report.Measure("long_read_error",GetLastError());
   report.Integer("long_read_blocks",(took_ms>PROBE_LONG_MS) ? took_ms : 0);
   Go(PROBE_STEP_CONNECT_CLOSE);
  }
//+------------------------------------------------------------------+
//| Read what is left after the peer closed the connection.          |
//+------------------------------------------------------------------+
void CProbeSockets::Closing(CProbeReport &report)
  {
   uchar bytes[];
   bool connected=SocketIsConnected(m_socket);
   if(connected && m_calls<PROBE_CLOSE_CALLS)
      return;
   uint readable=Readable();
   report.Measure("readable_after_close",(long)readable);
   report.Flag("closed_while_bytes_remain",!connected && readable>1);
   if(readable>1)
     {
      int count=SocketRead(m_socket,bytes,readable,10);
      report.Measure("read_after_close_count",count);
      report.Flag("bytes_with_error",count<=0 && ArraySize(bytes)>1);
     }
   Go(PROBE_STEP_CLOSED);
  }
//+------------------------------------------------------------------+
//| Wait until the terminal sees that the peer closed.               |
//+------------------------------------------------------------------+
void CProbeSockets::Closed(CProbeReport &report)
  {
   bool connected=SocketIsConnected(m_socket);
   if(connected && m_calls<PROBE_WAIT_STEP_CALLS)
      return;
   report.Flag("close_unseen",connected);
   report.Measure("close_seen_after_calls",m_calls);
   Go(PROBE_STEP_CONNECT_SEND);
  }
//+------------------------------------------------------------------+
//| Measure the bytes that one send takes.                           |
//+------------------------------------------------------------------+
void CProbeSockets::BigSend(CProbeReport &report)
  {
   ResetLastError();
   int sent=SendBytes(PROBE_SEND_BYTES,255);
   report.Measure("big_send_count",sent);
   report.Measure("big_send_error",GetLastError());
   report.Integer("send_at_most",(sent>0 && sent<PROBE_SEND_BYTES) ? sent : 0);
   Go(PROBE_STEP_DONE);
  }
//+------------------------------------------------------------------+
