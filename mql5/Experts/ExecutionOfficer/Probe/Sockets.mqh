//+------------------------------------------------------------------+
//|                                                      Sockets.mqh |
//| How the terminal's sockets behave, towards a running sidecar:    |
//| its ROUTER greets whoever connects, and closes on whoever sends  |
//| something else. Each step is one timer call; two of them may     |
//| block for as long as the terminal lets a read block.             |
//+------------------------------------------------------------------+
#include "Report.mqh"

#define PROBE_GREETING 10         // bytes that a ROUTER sends at once
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
//| One step after the other                                         |
//+------------------------------------------------------------------+
class CProbeSockets
  {
private:
   string            m_host;
   uint              m_port;
   int               m_socket;
   int               m_step;
   int               m_calls;        // in this step
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
//| Not started                                                      |
//+------------------------------------------------------------------+
CProbeSockets::CProbeSockets(void)
  {
   m_socket=INVALID_HANDLE;
   Start("",0);
  }
//+------------------------------------------------------------------+
//| From the first step                                              |
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
//| Let go                                                           |
//+------------------------------------------------------------------+
void CProbeSockets::Stop(void)
  {
   Close();
  }
//+------------------------------------------------------------------+
//| Let go of the socket                                             |
//+------------------------------------------------------------------+
void CProbeSockets::Close(void)
  {
   if(m_socket!=INVALID_HANDLE)
      SocketClose(m_socket);
   m_socket=INVALID_HANDLE;
  }
//+------------------------------------------------------------------+
//| The next step                                                    |
//+------------------------------------------------------------------+
void CProbeSockets::Go(const int step)
  {
   m_step=step;
   m_calls=0;
  }
//+------------------------------------------------------------------+
//| A fresh connection; without one nothing more can be measured     |
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
//| What is readable, asked twice                                    |
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
//| Send so many bytes of one value; how many were taken             |
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
//| One timer call; true once all steps are through                  |
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
         // What the peer has said stays unread; then something that it closes on.
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
//| A send in the timer call of the connect                          |
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
//| What the peer says first, read to its last byte                  |
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
//| While nothing comes: does the terminal guess?                    |
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
//| A read of nothing with the time-out 0                            |
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
//| A read of more than there is, with a short time-out              |
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
//| The peer closes, with bytes of its own still unread              |
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
//| The peer has closed, and nothing is left to be read              |
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
//| How much one send takes                                          |
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
