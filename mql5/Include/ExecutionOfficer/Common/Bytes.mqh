//+------------------------------------------------------------------+
//|                                                        Bytes.mqh |
//| A growable buffer of bytes: append at the end, remove from the   |
//| front. No call into the terminal.                                |
//+------------------------------------------------------------------+
//+------------------------------------------------------------------+
//| Bytes in order of arrival.                                       |
//+------------------------------------------------------------------+
class CBytes
  {
private:
   uchar             m_data[];
   int               m_begin; // the first byte
   int               m_end;   // behind the last one

   void              MakeRoom(const int count);

public:
                     CBytes(void);
   void              Clear(void);
   int               Size(void) const;
   uchar             At(const int index) const;
   void              AppendByte(const int value);
   void              Append(const uchar &bytes[],const int start,const int count);
   void              AppendSize(const ulong value,const int width);
   void              Take(CBytes &source);
   int               CopyOut(uchar &out[],const int start,const int count) const;
   void              Skip(const int count);
  };
//+------------------------------------------------------------------+
//| Create an empty buffer.                                          |
//+------------------------------------------------------------------+
CBytes::CBytes(void)
  {
   m_begin=0;
   m_end=0;
  }
//+------------------------------------------------------------------+
//| Remove all bytes and free the memory.                            |
//+------------------------------------------------------------------+
void CBytes::Clear(void)
  {
   ArrayFree(m_data);
   m_begin=0;
   m_end=0;
  }
//+------------------------------------------------------------------+
//| Return the number of bytes.                                      |
//+------------------------------------------------------------------+
int CBytes::Size(void) const
  {
   return(m_end-m_begin);
  }
//+------------------------------------------------------------------+
//| Return the byte at an index from the front.                      |
//+------------------------------------------------------------------+
uchar CBytes::At(const int index) const
  {
   return(m_data[m_begin+index]);
  }
//+------------------------------------------------------------------+
//| Make room for more bytes behind the last one.                    |
//+------------------------------------------------------------------+
void CBytes::MakeRoom(const int count)
  {
   if(m_end+count<=ArraySize(m_data))
      return;
   int size=m_end-m_begin;
   if(m_begin>0)
     {
      for(int i=0; i<size; i++)
         m_data[i]=m_data[m_begin+i];
      m_begin=0;
      m_end=size;
     }
   if(size+count>ArraySize(m_data))
      ArrayResize(m_data,2*(size+count)+256);
  }
//+------------------------------------------------------------------+
//| Append one byte.                                                 |
//+------------------------------------------------------------------+
void CBytes::AppendByte(const int value)
  {
   MakeRoom(1);
   m_data[m_end]=(uchar)(value&0xFF);
   m_end++;
  }
//+------------------------------------------------------------------+
//| Append bytes of an array.                                        |
//+------------------------------------------------------------------+
void CBytes::Append(const uchar &bytes[],const int start,const int count)
  {
   if(count<=0)
      return;
   MakeRoom(count);
   for(int i=0; i<count; i++)
      m_data[m_end+i]=bytes[start+i];
   m_end+=count;
  }
//+------------------------------------------------------------------+
//| Append a number as bytes, the highest byte first. A shift by 64  |
//| or more is not defined.                                          |
//+------------------------------------------------------------------+
void CBytes::AppendSize(const ulong value,const int width)
  {
   for(int i=width-1; i>=0; i--)
      AppendByte((i<8) ? (int)((value>>(8*i))&0xFF) : 0);
  }
//+------------------------------------------------------------------+
//| Append the bytes of another buffer, and empty it.                |
//+------------------------------------------------------------------+
void CBytes::Take(CBytes &source)
  {
   uchar bytes[];
   int count=source.CopyOut(bytes,0,source.Size());
   Append(bytes,0,count);
   source.Clear();
  }
//+------------------------------------------------------------------+
//| Copy bytes to an array of that size; return their number.        |
//+------------------------------------------------------------------+
int CBytes::CopyOut(uchar &out[],const int start,const int count) const
  {
   int most=m_end-m_begin-start;
   int taken=(count<most) ? count : most;
   if(taken<0)
      taken=0;
   ArrayResize(out,taken);
   for(int i=0; i<taken; i++)
      out[i]=m_data[m_begin+start+i];
   return(taken);
  }
//+------------------------------------------------------------------+
//| Remove bytes from the front.                                     |
//+------------------------------------------------------------------+
void CBytes::Skip(const int count)
  {
   m_begin+=(count<m_end-m_begin) ? count : m_end-m_begin;
   if(m_begin==m_end)
     {
      m_begin=0;
      m_end=0;
     }
  }
//+------------------------------------------------------------------+
